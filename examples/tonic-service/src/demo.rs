//! The path, as a client walks it.
use tonic::{Code, Request, Result, metadata::MetadataValue, transport::Endpoint};

use crate::proto::{Credentials, Empty, Order, shop_client::ShopClient};

pub(crate) async fn walk(base: String) -> Result<(), Box<dyn std::error::Error>> {
    let channel = Endpoint::from_shared(base)?.connect().await?;
    let mut anybody = ShopClient::new(channel.clone());
    let [name, password] = ["ada", "correct horse battery staple"].map(str::to_owned);
    let ada = Credentials {
        name,
        password,
        device: String::new(), // none yet
    };
    anybody.sign_up(ada.clone()).await?;
    let tokens = anybody.log_in(ada).await?.into_inner();
    refused("without a token", anybody.watch(Empty {}).await)?;

    let bearer = MetadataValue::try_from(format!("Bearer {}", tokens.access))?;
    let mut ada = ShopClient::with_interceptor(channel, move |mut request: Request<()>| {
        let metadata = request.metadata_mut();
        metadata.insert("authorization", bearer.clone());
        Ok(request)
    });
    let mut watched = ada.watch(Empty {}).await?.into_inner();
    ada.place(Order::default()).await?;
    let seen = watched.message().await?.ok_or("the stream has ended")?;
    println!("with it: {} has placed an order", seen.buyer);

    anybody.log_out(tokens).await?;
    refused("the stream after log-out", watched.message().await)?;
    Ok(refused("an order then", ada.place(Order::default()).await)?)
}

fn refused<T>(what: &'static str, answer: Result<T>) -> Result<(), &'static str> {
    let code = answer.map_or_else(|status| status.code(), |_| Code::Ok);
    println!("{what}: {code:?}");
    (code == Code::Unauthenticated).then_some(()).ok_or(what)
}
