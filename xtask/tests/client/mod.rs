//! The two servers' clients, as small as can be.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    process::{Command, Output},
    time::Duration,
};

pub(crate) fn psql(url: &str, statement: &str) -> Output {
    Command::new("psql")
        .args([url, "-tAc", statement])
        .env("PGCONNECT_TIMEOUT", "2")
        .output()
        .unwrap()
}

pub(crate) fn sql(url: &str, statement: &str) -> String {
    let output = psql(url, statement);
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// What `redis://:password@address/` answers to its password and a ping, within a second.
pub(crate) fn ping(url: &str) -> Option<String> {
    let (password, address) = url
        .strip_prefix("redis://:")?
        .strip_suffix('/')?
        .split_once('@')?;
    let mut connection = TcpStream::connect(address).ok()?;
    connection
        .set_read_timeout(Some(Duration::from_secs(1)))
        .ok()?;
    connection
        .write_all(format!("AUTH {password}\r\nPING\r\nQUIT\r\n").as_bytes())
        .ok()?;
    let mut answer = String::new();
    connection.read_to_string(&mut answer).ok()?;
    answer.strip_suffix("+OK\r\n").map(str::to_owned)
}
