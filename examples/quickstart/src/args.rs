//! What it was started with.

use std::path::PathBuf;

pub(crate) const HELP: &str = "\
Sign-up, log-in, a protected route, refresh and log-out on one SQLite file.

usage: quickstart [--port PORT] [--database FILE]    serve
       quickstart --demo                             walk the whole path and end

  --port PORT      listen on 127.0.0.1:PORT (3000; 0 takes a free one)
  --database FILE  keep accounts there (quickstart.db), and the root secret
                   beside it (quickstart.secret)
";

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Args {
    Help,
    Demo,
    Serve { port: u16, database: PathBuf },
}

impl Args {
    pub(crate) fn parse(mut args: impl Iterator<Item = String>) -> Result<Self, String> {
        let (mut port, mut database, mut demo) = (3000, PathBuf::from("quickstart.db"), false);
        while let Some(arg) = args.next() {
            let mut value = || {
                args.next()
                    .ok_or(format!("{arg} needs a value; see --help"))
            };
            match arg.as_str() {
                "--help" | "-h" => return Ok(Self::Help),
                "--demo" => demo = true,
                "--port" => {
                    let text = value()?;
                    port = text.parse().map_err(|_| format!("{text:?} is no port"))?;
                }
                "--database" => database = value()?.into(),
                other => return Err(format!("unknown argument {other:?}; see --help")),
            }
        }
        Ok(if demo {
            Self::Demo
        } else {
            Self::Serve { port, database }
        })
    }
}
