//! The transport against servers on loopback that behave badly.

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

use super::*;

fn transport(limits: Limits) -> ReqwestTransport {
    ReqwestTransport::new(limits).unwrap()
}

fn quick() -> Limits {
    Limits { connect: Duration::from_millis(500), total: Duration::from_millis(500), body_bytes: 1_000 }
}

async fn listener() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    (listener, address)
}

/// Takes one request, and gives it back as text once its head and `body` bytes more have come.
async fn request(listener: &TcpListener, body: usize) -> (TcpStream, String) {
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut bytes = Vec::new();
    loop {
        let mut part = [0; 4_096];
        let read = stream.read(&mut part).await.unwrap();
        bytes.extend_from_slice(&part[..read]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let is_whole = text.split_once("\r\n\r\n").is_some_and(|(_, rest)| rest.len() >= body);
        if is_whole || read == 0 {
            return (stream, text);
        }
    }
}

/// Sends a request to a server that answers with these bytes.
async fn ask(limits: Limits, answer: &str) -> Result<HttpResponse, TransportError> {
    let (listener, address) = listener().await;
    let transport = transport(limits);
    let call = HttpRequest::new(Method::Get, format!("{address}/orders?buyer=mary"));
    let (answered, ()) = tokio::join!(transport.send(&call), async {
        let (mut stream, _) = request(&listener, 0).await;
        let _ = stream.write_all(answer.as_bytes()).await;
        let _ = stream.shutdown().await;
    });
    answered
}

#[tokio::test]
async fn a_request_goes_as_it_is_and_any_status_is_an_answer() {
    let (listener, address) = listener().await;
    let transport = transport(Limits::default());
    let call = HttpRequest::new(Method::Post, format!("{address}/a/b?c=d%2Fe"))
        .header("X-Amz-Access-Token", "t")
        .with_body("application/json", "{\"a\":1}");
    let (answered, sent) = tokio::join!(transport.send(&call), async {
        let (mut stream, sent) = request(&listener, 7).await;
        let answer = "HTTP/1.1 429 Too Many Requests\r\nX-Amzn-RateLimit-Limit: 0.0055\r\nContent-Length: 4\r\n\r\nslow";
        stream.write_all(answer.as_bytes()).await.unwrap();
        sent
    });
    let sent = sent.to_ascii_lowercase();
    assert!(sent.starts_with("post /a/b?c=d%2fe http/1.1\r\n"), "{sent}");
    for part in
        ["x-amz-access-token: t\r\n", "content-type: application/json\r\n", "user-agent: weir/", "{\"a\":1}"]
    {
        assert!(sent.contains(part), "{sent}");
    }
    let answered = answered.unwrap();
    assert_eq!((answered.status, answered.body.as_slice()), (429, &b"slow"[..]));
    assert_eq!(answered.header_value("x-amzn-ratelimit-limit"), Some("0.0055"));
}

/// RELIABILITY row 50: whoever answers with a redirect does not choose whom Weir calls next.
#[tokio::test]
async fn a_redirect_is_not_followed() {
    let (elsewhere, address) = listener().await;
    let answer = format!("HTTP/1.1 302 Found\r\nLocation: {address}/inside\r\nContent-Length: 0\r\n\r\n");
    let answered = ask(quick(), &answer).await.unwrap();
    assert_eq!(answered.status, 302);
    let called = tokio::time::timeout(Duration::from_millis(50), elsewhere.accept()).await;
    assert!(called.is_err(), "the redirect was followed");
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_however_it_comes() {
    let fits = format!("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{}", "x".repeat(1_000));
    assert_eq!(ask(quick(), &fits).await.unwrap().body.len(), 1_000);
    let announced = "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\nx";
    let chunked = format!(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n{}\r\n0\r\n\r\n",
        "x".repeat(1_001)
    );
    let until_closed = format!("HTTP/1.1 200 OK\r\n\r\n{}", "x".repeat(5_000));
    for answer in [announced, &chunked, &until_closed] {
        let TransportError(why) = ask(quick(), answer).await.unwrap_err();
        assert!(why.contains("more than 1000 bytes"), "{why}");
    }
}

#[tokio::test]
async fn a_server_that_does_not_answer_does_not_hold_the_caller() {
    let (listener, address) = listener().await;
    let transport = transport(quick());
    let call = HttpRequest::new(Method::Get, format!("{address}/?buyer=mary"));
    let answered = tokio::join!(transport.send(&call), async {
        let held = request(&listener, 0).await;
        tokio::time::sleep(Duration::from_millis(600)).await;
        drop(held);
    });
    let TransportError(why) = answered.0.unwrap_err();
    assert!(why.starts_with("timed out"), "{why}");
    assert!(!why.contains("mary"), "{why}");
    // Nor does one that begins and does not end.
    let TransportError(why) =
        ask_and_hold(quick(), "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nx").await.unwrap_err();
    assert!(why.starts_with("timed out"), "{why}");
}

async fn ask_and_hold(limits: Limits, answer: &str) -> Result<HttpResponse, TransportError> {
    let (listener, address) = listener().await;
    let transport = transport(limits);
    let call = HttpRequest::new(Method::Get, address);
    let (answered, ()) = tokio::join!(transport.send(&call), async {
        let (mut stream, _) = request(&listener, 0).await;
        let _ = stream.write_all(answer.as_bytes()).await;
        tokio::time::sleep(Duration::from_millis(600)).await;
    });
    answered
}

#[tokio::test]
async fn what_cannot_be_sent_or_breaks_is_an_error_without_the_address() {
    let (listener, address) = listener().await;
    drop(listener);
    for url in ["not a url ?buyer=mary", &format!("{address}/?buyer=mary"), "ftp://127.0.0.1/?buyer=mary"] {
        let TransportError(why) =
            transport(quick()).send(&HttpRequest::new(Method::Get, url)).await.unwrap_err();
        assert!(!why.contains("mary"), "{why}");
    }
    let TransportError(why) =
        ask(quick(), "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nx").await.unwrap_err();
    assert!(why.starts_with("the connection broke"), "{why}");
}

#[test]
fn this_machine_is_reached_without_a_proxy() {
    let transport = transport(Limits::default());
    let is_inside = |url: &str| std::ptr::eq(transport.client(&url.parse().unwrap()), &transport.inside);
    for url in ["http://127.0.0.1:4010/a", "http://localhost:1", "http://[::1]:1/", "http://127.9.9.9/"] {
        assert!(is_inside(url), "{url}");
    }
    for url in
        ["https://sellingpartnerapi-na.amazon.com/", "http://10.0.0.1/", "https://localhost.example.com/"]
    {
        assert!(!is_inside(url), "{url}");
    }
}
