//! Compiles the `.proto`; `protoc` is not needed.
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let builder = tonic_prost_build::configure().skip_debug(["."]); // they hold secrets
    Ok(builder.compile_fds(protox::compile(["proto/shop.proto"], ["proto"])?)?)
}
