//! What weakens the fetching of keys. Nothing outside tests has a reason to
//! come here.

/// Lets `http://` through to a loopback address, `127.0.0.0/8` or `[::1]`, by
/// number. Whoever else runs on the machine may then answer for the issuer and
/// be anybody.
#[derive(Clone, Copy, Debug)]
pub struct PlainHttpToLoopback;
