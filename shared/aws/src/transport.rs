//! The way to the channels: one HTTP client, which follows no redirect, waits no longer than it may and
//! reads no more than it should. Never: what a request or an answer means.

use std::{error::Error, net::IpAddr, time::Duration};

use async_trait::async_trait;
use reqwest::{Client, redirect::Policy};
use weir_app::ports::{Transport, TransportError};
use weir_channels::http::{HttpRequest, HttpResponse, Method};

/// How long a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(5);

/// How long a call may take in all, its body included: a worker's time limit holds two of them.
const TOTAL: Duration = Duration::from_secs(20);

/// The largest answer that is read: a page of a hundred orders has a few MB. What is larger, reports
/// above all, does not come this way.
const BODY_BYTES: usize = 16 * 1_024 * 1_024;

/// Who calls, where a request does not say so itself.
const USER_AGENT: &str = concat!("Weir/", env!("CARGO_PKG_VERSION"), " (Language=Rust)");

/// What a transport keeps to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Until a connection stands.
    pub connect: Duration,
    /// Until the answer's last byte.
    pub total: Duration,
    /// Of the answer's body.
    pub body_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { connect: CONNECT, total: TOTAL, body_bytes: BODY_BYTES }
    }
}

/// The transport over the network.
#[derive(Clone, Debug)]
pub struct ReqwestTransport {
    /// Through the system's proxy, if it has one.
    outside: Client,
    /// To this machine: a proxy elsewhere cannot reach it, and the sandbox is here.
    inside: Client,
    limits: Limits,
}

impl ReqwestTransport {
    /// A transport with these limits.
    ///
    /// # Errors
    /// If the TLS library cannot be set up.
    pub fn new(limits: Limits) -> Result<Self, TransportError> {
        let builder = || {
            Client::builder()
                .redirect(Policy::none())
                .connect_timeout(limits.connect)
                .timeout(limits.total)
                .user_agent(USER_AGENT)
        };
        let build = |builder: reqwest::ClientBuilder| builder.build().map_err(|error| describe(&error));
        Ok(Self { outside: build(builder())?, inside: build(builder().no_proxy())?, limits })
    }

    fn client(&self, url: &reqwest::Url) -> &Client {
        let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
        let is_inside =
            host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
        if is_inside { &self.inside } else { &self.outside }
    }
}

#[async_trait]
impl Transport for ReqwestTransport {
    async fn send(&self, request: &HttpRequest) -> Result<HttpResponse, TransportError> {
        let url: reqwest::Url =
            request.url.parse().map_err(|_| TransportError("the address is not a URL".to_owned()))?;
        let method = match request.method {
            Method::Get => reqwest::Method::GET,
            Method::Post => reqwest::Method::POST,
            Method::Put => reqwest::Method::PUT,
            Method::Delete => reqwest::Method::DELETE,
        };
        let mut call = self.client(&url).request(method, url);
        for (name, value) in &request.headers {
            call = call.header(name, value);
        }
        if !request.body.is_empty() {
            call = call.body(request.body.clone());
        }
        let mut answer = call.send().await.map_err(|error| describe(&error))?;
        let too_large =
            || TransportError(format!("the answer has more than {} bytes", self.limits.body_bytes));
        let announced = answer.content_length().unwrap_or(0);
        if announced > u64::try_from(self.limits.body_bytes).unwrap_or(u64::MAX) {
            return Err(too_large());
        }
        let status = answer.status().as_u16();
        let headers = answer.headers().iter();
        let headers = headers
            .map(|(name, value)| {
                (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
            })
            .collect();
        let mut body = Vec::new();
        while let Some(part) = answer.chunk().await.map_err(|error| describe(&error))? {
            if body.len() + part.len() > self.limits.body_bytes {
                return Err(too_large());
            }
            body.extend_from_slice(&part);
        }
        Ok(HttpResponse { status, headers, body })
    }
}

/// An error in one line, without the address: its query may name a buyer, or hold a signature.
fn describe(error: &reqwest::Error) -> TransportError {
    let kind = if error.is_timeout() {
        "timed out"
    } else if error.is_connect() {
        "no connection"
    } else if error.is_builder() {
        "the request cannot be sent"
    } else {
        "the connection broke"
    };
    let mut text = kind.to_owned();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    TransportError(text)
}

#[cfg(test)]
mod tests;
