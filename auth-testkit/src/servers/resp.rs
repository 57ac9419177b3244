//! As much of a client of Redis as it takes to set one up.

use std::{
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    time::Duration,
};

use super::ServerError;

/// How long a server may take for an answer.
const PATIENCE: Duration = Duration::from_millis(500);

/// Logs in, says one thing, and gives the texts and numbers of the answer, however nested; "nothing" is an empty text.
pub(super) fn command(
    port: u16,
    password: &str,
    words: &[&str],
) -> Result<Vec<String>, ServerError> {
    ask(port, password, words).map_err(ServerError::system(format!(
        "have a redis do {}",
        words.first().unwrap_or(&"nothing")
    )))
}

fn ask(port: u16, password: &str, words: &[&str]) -> io::Result<Vec<String>> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut connection = TcpStream::connect_timeout(&address, PATIENCE)?;
    connection.set_read_timeout(Some(PATIENCE))?;
    let mut request = Vec::new();
    for words in [&["AUTH", password], words] {
        write!(request, "*{}\r\n", words.len())?;
        for word in words {
            write!(request, "${}\r\n{word}\r\n", word.len())?;
        }
    }
    connection.write_all(&request)?;
    let mut answers = BufReader::new(connection);
    let mut said = Vec::new();
    read(&mut answers, &mut said)?;
    said.clear();
    read(&mut answers, &mut said)?;
    Ok(said)
}

fn read(from: &mut BufReader<TcpStream>, said: &mut Vec<String>) -> io::Result<()> {
    let mut line = String::new();
    from.read_line(&mut line)?;
    let mut characters = line.trim_end().chars();
    let kind = characters.next();
    let rest = characters.as_str();
    let length = || rest.parse::<i64>().map_err(io::Error::other);
    match kind {
        Some('+' | ':') => said.push(rest.to_owned()),
        Some('-') => return Err(io::Error::other(rest)),
        Some('$') => match usize::try_from(length()?) {
            Ok(length) => {
                let mut text = vec![0; length + 2];
                from.read_exact(&mut text)?;
                said.push(String::from_utf8_lossy(&text[..length]).into_owned());
            }
            Err(_) => said.push(String::new()),
        },
        Some('*') => {
            for _ in 0..length()? {
                read(from, said)?;
            }
        }
        _ => return Err(io::ErrorKind::InvalidData.into()),
    }
    Ok(())
}
