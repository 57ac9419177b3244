//! jsonwebtoken with its AWS-LC provider: keys made once, and as strict as it
//! can be asked to be. It does not look at `typ`.

use auth_core::key;
use jsonwebtoken::crypto::aws_lc;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use pkcs8::PrivateKeyInfoRef;

use super::case::Case;
use super::claims::{AUDIENCE, Claims, ISSUER, KID};
use super::contender::{Depth, Issuing, Verifying};
use crate::Failure;

pub(super) const NAME: &str = "jsonwebtoken 11";

pub(super) fn verifying(case: &Case) -> Result<Verifying, Failure> {
    let algorithm = algorithm(case)?;
    let mut validation = Validation::new(algorithm);
    validation.set_issuer(&[ISSUER]);
    validation.set_audience(&[AUDIENCE]);
    validation.set_required_spec_claims(&["iss", "sub", "aud", "exp"]);
    validation.leeway = 0;
    validation.validate_nbf = true;
    let key = match case.algorithm {
        key::Algorithm::Rs256 | key::Algorithm::Ps256 => DecodingKey::from_rsa_der(&case.public),
        key::Algorithm::Es256 => DecodingKey::from_ec_der(&case.public),
        key::Algorithm::EdDsa => DecodingKey::from_ed_der(&case.public),
        _ => DecodingKey::from_secret(&case.public),
    };
    Ok(Verifying::new(NAME, Depth::Token, move |token| {
        decode::<Claims>(token.text(), &key, &validation).is_ok()
    }))
}

pub(super) fn issuing(case: &Case) -> Result<Issuing, Failure> {
    let mut header = Header::new(algorithm(case)?);
    header.typ = Some("at+jwt".to_owned());
    header.kid = Some(KID.to_owned());
    let key = match case.algorithm {
        key::Algorithm::Rs256 | key::Algorithm::Ps256 => {
            let pkcs8 = PrivateKeyInfoRef::try_from(case.private.as_slice());
            let pkcs8 = pkcs8.map_err(|it| it.to_string())?;
            EncodingKey::from_rsa_der(pkcs8.private_key.as_bytes())
        }
        key::Algorithm::Es256 => EncodingKey::from_ec_der(&case.private),
        key::Algorithm::EdDsa => EncodingKey::from_ed_der(&case.private),
        _ => EncodingKey::from_secret(&case.private),
    };
    let claims = case.claims.clone();
    Ok(Issuing::new(NAME, Depth::Token, move |give| {
        if let Ok(token) = encode(&header, &claims, &key) {
            give(token.as_bytes());
        }
    }))
}

fn algorithm(case: &Case) -> Result<Algorithm, Failure> {
    // Whichever it would choose by itself; it is no error that it is set.
    let _ = aws_lc::DEFAULT_PROVIDER.install_default();
    Ok(case.algorithm.as_str().parse()?)
}
