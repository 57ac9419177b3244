//! The body of a request, bounded in size and time.

use std::future::poll_fn;
use std::pin::Pin;
use std::time::Duration;

use auth_core::{Code, Secret};
use axum::body::Body;
use http_body::Body as _;

/// The whole body, which is wiped when it is dropped: there may be a password in
/// it. No more than `max` bytes are kept, whatever the client announces.
///
/// # Errors
/// It is too large, too late, or broken.
pub(crate) async fn read(
    mut body: Body,
    max: usize,
    within: Duration,
) -> Result<Secret<Vec<u8>>, Code> {
    if usize::try_from(body.size_hint().lower()).map_or(true, |least| least > max) {
        return Err(Code::TooLarge);
    }
    // Full size from the start: a buffer that grows leaves copies behind.
    let announced = body.size_hint().exact();
    let size = announced.and_then(|size| usize::try_from(size).ok());
    let mut bytes = Vec::with_capacity(size.unwrap_or(max).min(max));
    let reading = async {
        while let Some(frame) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
            let Ok(data) = frame.map_err(|_| Code::InvalidRequest)?.into_data() else {
                continue;
            };
            if bytes.len() + data.len() > max {
                return Err(Code::TooLarge);
            }
            bytes.extend_from_slice(&data);
        }
        Ok(())
    };
    let read = tokio::time::timeout(within, reading).await;
    // Whatever came of it.
    let bytes = Secret::new(bytes);
    read.unwrap_or(Err(Code::RequestTimeout)).map(|()| bytes)
}
