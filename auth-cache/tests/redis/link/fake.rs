//! A server that says what a test wants.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// What it does when it is asked.
pub(crate) enum Reply {
    /// Says this.
    Say(Vec<u8>),
    /// Says this and hangs up.
    Last(Vec<u8>),
    /// Says this over and over, until the other side has gone.
    Flood(Vec<u8>, Vec<u8>),
    Nothing,
}

impl Reply {
    pub(crate) fn bulk(text: &str) -> Self {
        Self::Say(format!("${}\r\n{text}\r\n", text.len()).into_bytes())
    }
}

/// Answers `INFO` with the number of the connection for its identity, and leaves
/// everything else to the test.
pub(crate) struct Fake {
    port: u16,
    asked: Arc<AtomicUsize>,
}

impl Fake {
    /// `answer` is given the number of the connection, from 0, and what is asked.
    pub(crate) fn start(
        answer: impl Fn(usize, &[String]) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::new(AtomicUsize::new(0));
        let (answer, counted) = (Arc::new(answer), asked.clone());
        thread::spawn(move || {
            for (number, stream) in listener.incoming().enumerate() {
                let (answer, counted) = (answer.clone(), counted.clone());
                let stream = stream.unwrap();
                // Whatever ends it, the other side sees.
                thread::spawn(move || serve(number, stream, &*answer, &counted));
            }
        });
        Self { port, asked }
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    /// How many commands have come, `INFO` aside.
    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

fn serve(
    number: usize,
    stream: TcpStream,
    answer: &dyn Fn(usize, &[String]) -> Reply,
    asked: &AtomicUsize,
) -> Option<()> {
    let mut to = stream.try_clone().ok()?;
    let mut from = BufReader::new(stream);
    while let Some(words) = read(&mut from) {
        if words[0] == "INFO" {
            let info = format!("run_id:{number}\r\n");
            write!(to, "${}\r\n{info}\r\n", info.len()).ok()?;
            continue;
        }
        asked.fetch_add(1, Ordering::SeqCst);
        match answer(number, &words) {
            Reply::Say(bytes) => to.write_all(&bytes).ok()?,
            Reply::Last(bytes) => {
                to.write_all(&bytes).ok()?;
                return None;
            }
            Reply::Flood(first, rest) => {
                to.write_all(&first).ok()?;
                while to.write_all(&rest).is_ok() {}
                return None;
            }
            Reply::Nothing => {}
        }
    }
    None
}

fn read(from: &mut BufReader<TcpStream>) -> Option<Vec<String>> {
    let mut number = |kind: char| {
        let mut line = String::new();
        from.read_line(&mut line).ok()?;
        let count: usize = line.trim_end().strip_prefix(kind)?.parse().ok()?;
        let mut text = vec![0; if kind == '$' { count + 2 } else { 0 }];
        from.read_exact(&mut text).ok()?;
        text.truncate(count);
        Some((count, String::from_utf8_lossy(&text).into_owned()))
    };
    let (words, _) = number('*')?;
    (0..words).map(|_| Some(number('$')?.1)).collect()
}
