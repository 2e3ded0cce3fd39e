//! Where Amazon keeps documents: addresses that whoever has them may use for some minutes. Weir goes to Amazon's
//! hosts and no others, whatever an answer says. (RELIABILITY §4 row 50)

use url::{Host, Url};
use weir_domain::connection::Connection;

use super::json;
use crate::channel::{ChannelError, Secret, unreadable};

/// The hosts of documents, and whatever lies below them. Source: the examples of
/// specs/amazon/reports_2021-06-30.json and feeds_2021-06-30.json (CloudFront), and Amazon's tutorials (S3).
const HOSTS: [&str; 3] = ["amazonaws.com", "cloudfront.net", "amazonaws.com.cn"];

/// The address in the answer to where a document lies, and whether that is compressed.
pub(super) fn place(text: &str, connection: &Connection) -> Result<(Secret, bool), ChannelError> {
    let read = || {
        let answer = json::parse(text)?.object()?;
        let url = answer.get("url").required()?;
        Ok((url, answer.get("compressionAlgorithm").words()?))
    };
    let (url, compression) = read().map_err(unreadable)?;
    let is_gzip = match compression.as_deref() {
        None => false,
        Some(word) if word.eq_ignore_ascii_case("GZIP") => true,
        Some(_) => {
            return Err(ChannelError::Unreadable(
                "it is compressed in a way that Weir does not know".to_owned(),
            ));
        }
    };
    Ok((allowed(&url, connection)?, is_gzip))
}

/// An address, if a document of Amazon's may lie there. A connection that speaks with another host than Amazon's
/// (a sandbox) may keep its documents with that host too.
pub(super) fn allowed(url: &str, connection: &Connection) -> Result<Secret, ChannelError> {
    let refused = || ChannelError::Refused("the document lies at no host of the channel's".to_owned());
    let parsed = Url::parse(url).map_err(|_| refused())?;
    let own = connection.endpoints.api.as_deref().and_then(|api| Url::parse(api).ok());
    if own.is_some_and(|own| own.origin() == parsed.origin()) && parsed.username().is_empty() {
        return Ok(Secret::new(url));
    }
    let is_amazons = match parsed.host() {
        Some(Host::Domain(domain)) => HOSTS.iter().any(|host| {
            let rest = domain.strip_suffix(host);
            rest.is_some_and(|rest| rest.ends_with('.'))
        }),
        Some(Host::Ipv4(_) | Host::Ipv6(_)) | None => false,
    };
    let is_plain = parsed.scheme() == "https" && parsed.port().is_none() && parsed.username().is_empty();
    if is_amazons && is_plain { Ok(Secret::new(url)) } else { Err(refused()) }
}
