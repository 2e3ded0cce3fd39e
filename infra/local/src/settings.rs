//! The command line and the one variable of the environment that the local hub reads. What is said
//! here is parsed once; nothing else looks at either.

use std::{path::PathBuf, time::Duration};

use clap::Parser;
use jiff::SignedDuration;
use weir_channels::channel::Secret;

/// The shortest scheduler minute: below it a tick would not end before the next one.
const SHORTEST_MINUTE: Duration = Duration::from_millis(100);

/// The longest scheduler minute, so that a slip of the pen does not stop the hub.
const LONGEST_MINUTE: Duration = Duration::from_secs(24 * 60 * 60);

/// A scheduler minute that lasts a minute.
const MINUTE: Duration = Duration::from_secs(60);

/// The port unless another one is said.
pub const PORT: u16 = 3000;

/// The variable that holds an API token for this run.
pub const TOKEN_VARIABLE: &str = "WEIR_API_TOKEN";

const AFTER_HELP: &str = "\
The environment:
  WEIR_API_TOKEN  an API token with admin scope for this run; else one is made,
                  kept in the data folder and printed
  RUST_LOG        what is logged, such as weir=debug,weir_app=debug

Sign in on the page with the API token, or send it along:
  curl -H \"Authorization: Bearer $WEIR_API_TOKEN\" http://127.0.0.1:3000/v1/sales_orders";

/// Weir, the whole hub in one process: orders flow in from the channels, become sales orders with
/// stock behind them, and are seen on pages and under /v1. No account anywhere is needed: unless told
/// otherwise it starts with a demo merchant whose orders keep coming from a sandboxed Amazon and a
/// sandboxed Shopify.
#[derive(Clone, Debug, Parser)]
#[command(name = "weir", version, after_help = AFTER_HELP)]
pub struct Settings {
    /// The folder that keeps everything; a start on it goes on where it was, also after kill -9
    #[arg(long, value_name = "DIR", default_value = ".weir")]
    pub data: PathBuf,

    /// Pages and API are on 127.0.0.1 at this port; 0 picks a free one
    #[arg(long, value_name = "N", default_value_t = PORT)]
    pub port: u16,

    /// Without the sandbox and its demo merchant: an empty organization
    #[arg(long)]
    pub no_demo: bool,

    /// How long a scheduler minute lasts, such as 1s, 500ms or 1m. Schedules, holds, retries and rate
    /// limits run on that clock; stored times do not
    #[arg(long, value_name = "DURATION", default_value = "1m", value_parser = minute)]
    pub minute: Duration,

    /// Where channels reach this hub's webhook doors, such as https://hub.example.com; without it only
    /// the sandbox delivers, and real shops are searched every minute
    #[arg(long, value_name = "URL", value_parser = public_url)]
    pub public_url: Option<String>,

    /// The sandbox has a bad day: errors, lost answers, late lists, lost and doubled notifications and
    /// webhooks
    #[arg(long)]
    pub faults: bool,

    /// An API token with admin scope for this run; one is made if there is none.
    #[arg(skip)]
    pub token: Option<Secret>,
}

impl Settings {
    /// What the command line and the environment say. Help and mistakes end the process, as a command's
    /// do.
    #[must_use]
    pub fn from_command_line() -> Self {
        let mut settings = Self::parse();
        // The door of this process: the environment is read here and nowhere else.
        #[allow(clippy::disallowed_methods)]
        let token = std::env::var(TOKEN_VARIABLE).ok();
        settings.token = token.filter(|token| !token.is_empty()).map(Secret::new);
        settings
    }

    /// A hub on a folder and a free port, with the demo: for tests, which change what they need.
    #[must_use]
    pub fn on(data: impl Into<PathBuf>) -> Self {
        Self {
            data: data.into(),
            port: 0,
            no_demo: false,
            minute: MINUTE,
            public_url: None,
            faults: false,
            token: None,
        }
    }
}

fn minute(text: &str) -> Result<Duration, String> {
    let way_out = "write a duration such as 1s, 500ms or 1m";
    let duration: SignedDuration = text.parse().map_err(|_| way_out.to_owned())?;
    let duration = Duration::try_from(duration).map_err(|_| way_out.to_owned())?;
    if (SHORTEST_MINUTE..=LONGEST_MINUTE).contains(&duration) {
        Ok(duration)
    } else {
        Err("it must be at least 100ms and at most 24h".to_owned())
    }
}

fn public_url(text: &str) -> Result<String, String> {
    let url = text.trim_end_matches('/');
    let host = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    match host {
        Some(host) if !host.is_empty() && !host.contains(char::is_whitespace) => Ok(url.to_owned()),
        Some(_) | None => Err("write the whole address, such as https://hub.example.com".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(arguments: &[&str]) -> Result<Settings, String> {
        Settings::try_parse_from([&["weir"], arguments].concat()).map_err(|error| error.to_string())
    }

    #[test]
    fn the_defaults_are_those_of_the_page() {
        let settings = parsed(&[]).unwrap();
        assert_eq!(settings.data, PathBuf::from(".weir"));
        assert_eq!((settings.port, settings.minute, settings.no_demo), (3000, MINUTE, false));
        assert_eq!((settings.public_url, settings.faults), (None, false));
    }

    #[test]
    fn a_minute_is_a_duration_within_reason() {
        for (text, millis) in
            [("1s", 1_000), ("500ms", 500), ("1m", 60_000), ("1m 30s", 90_000), ("PT2S", 2_000)]
        {
            assert_eq!(parsed(&["--minute", text]).unwrap().minute, Duration::from_millis(millis), "{text}");
        }
        for text in ["", "1", "0s", "-1s", "1ms", "2d", "soon", "25h"] {
            assert!(parsed(&["--minute", text]).is_err(), "{text}");
        }
    }

    #[test]
    fn a_public_url_is_a_whole_address() {
        let url =
            |text| parsed(&["--public-url", text]).map(|settings| settings.public_url.unwrap_or_default());
        assert_eq!(url("https://hub.example.com/"), Ok("https://hub.example.com".to_owned()));
        for text in ["hub.example.com", "https://", "ftp://hub", "https://a b"] {
            assert!(url(text).is_err(), "{text}");
        }
    }
}
