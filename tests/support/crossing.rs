//! The way out of the house: to one Amazon or several, each behind its own address, or to answers
//! that a test wrote by hand.

use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use weir_app::ports::{Transport, TransportError};
use weir_channels::http::{HttpRequest, HttpResponse};
use weir_sandbox::{
    Now,
    amazon::Amazon,
    bigcommerce::BigCommerce,
    fake::{FakeClock, FakeTransport},
    shopify::Shopify,
};

/// The way out.
pub struct Crossing {
    clock: Arc<FakeClock>,
    amazon: FakeTransport,
    others: Mutex<Vec<Other>>,
    answers: Mutex<Vec<(String, Answer)>>,
    shopify: Mutex<Shopify>,
    bigcommerce: Mutex<BigCommerce>,
}

struct Other {
    address: String,
    transport: Arc<FakeTransport>,
    amazon: Arc<Mutex<Amazon>>,
}

enum Answer {
    Once(HttpResponse),
    Always(HttpResponse),
    Lost,
}

impl Crossing {
    /// The way to an Amazon.
    #[must_use]
    pub fn new(clock: Arc<FakeClock>, amazon: Arc<Mutex<Amazon>>) -> Self {
        let amazon = FakeTransport::new(Arc::clone(&clock), amazon);
        let shopify = Mutex::new(Shopify::new(7));
        let bigcommerce = Mutex::new(BigCommerce::new(7));
        Self { clock, amazon, others: Mutex::default(), answers: Mutex::default(), shopify, bigcommerce }
    }

    /// Shopify, behind every address of a shop of it.
    pub fn shopify(&self) -> MutexGuard<'_, Shopify> {
        self.shopify.lock().unwrap()
    }

    /// BigCommerce, behind every address of a store of it.
    pub fn bigcommerce(&self) -> MutexGuard<'_, BigCommerce> {
        self.bigcommerce.lock().unwrap()
    }

    /// A second Amazon behind an address of its own.
    pub fn add(&self, address: &str, amazon: Arc<Mutex<Amazon>>) {
        let transport = Arc::new(FakeTransport::new(Arc::clone(&self.clock), Arc::clone(&amazon)));
        self.others.lock().unwrap().push(Other { address: address.to_owned(), transport, amazon });
    }

    /// The Amazon behind an address.
    #[must_use]
    pub fn amazon_at(&self, address: &str) -> Option<Arc<Mutex<Amazon>>> {
        let others = self.others.lock().unwrap();
        others.iter().find(|other| other.address == address).map(|other| Arc::clone(&other.amazon))
    }

    /// The next call whose address has this part gets this answer.
    pub fn answer_once(&self, part: &str, response: HttpResponse) {
        self.answers.lock().unwrap().push((part.to_owned(), Answer::Once(response)));
    }

    /// Every call whose address has this part gets this answer.
    pub fn answer_always(&self, part: &str, response: HttpResponse) {
        self.answers.lock().unwrap().push((part.to_owned(), Answer::Always(response)));
    }

    /// The next call whose address has this part gets no answer at all.
    pub fn lose_once(&self, part: &str) {
        self.answers.lock().unwrap().push((part.to_owned(), Answer::Lost));
    }

    /// No answers written by hand any more.
    pub fn answer_no_more(&self) {
        self.answers.lock().unwrap().clear();
    }

    /// Every address that was called at an Amazon.
    #[must_use]
    pub fn addresses(&self) -> Vec<String> {
        let mut addresses = self.amazon.addresses();
        for other in self.others.lock().unwrap().iter() {
            addresses.extend(other.transport.addresses());
        }
        addresses
    }

    fn written(&self, url: &str) -> Option<Result<HttpResponse, TransportError>> {
        let mut answers = self.answers.lock().unwrap();
        let position = answers.iter().position(|(part, _)| url.contains(part.as_str()))?;
        if let (_, Answer::Always(response)) = &answers[position] {
            return Some(Ok(response.clone()));
        }
        match answers.remove(position).1 {
            Answer::Once(response) | Answer::Always(response) => Some(Ok(response)),
            Answer::Lost => Some(Err(TransportError("the connection was reset".to_owned()))),
        }
    }
}

#[async_trait]
impl Transport for Crossing {
    async fn send(&self, request: &HttpRequest) -> Result<HttpResponse, TransportError> {
        if let Some(answer) = self.written(&request.url) {
            return answer;
        }
        if request.url.contains(".myshopify.com/") {
            let now = Now::at(self.clock.true_now());
            return Ok(self.shopify().handle(request, now));
        }
        if request.path().starts_with("/stores/") {
            let now = Now::at(self.clock.true_now());
            return Ok(self.bigcommerce().handle(request, now));
        }
        let other = {
            let others = self.others.lock().unwrap();
            let other = others.iter().find(|other| request.url.starts_with(other.address.as_str()));
            other.map(|other| Arc::clone(&other.transport))
        };
        match other {
            Some(transport) => transport.send(request).await,
            None => self.amazon.send(request).await,
        }
    }
}
