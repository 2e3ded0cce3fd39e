//! The queues against a small SQS: batches that are taken in part, dead letters that are looked at,
//! replayed and discarded.

use std::sync::{Arc, Mutex, MutexGuard};

use serde_json::{Value, json};
use weir_domain::ids::ChannelName;

use super::*;
use crate::testing::sdk;

/// A message of the small SQS.
#[derive(Clone, Debug)]
struct Stored {
    id: String,
    body: String,
    group: Option<String>,
    attributes: Value,
    hidden: bool,
}

#[derive(Default)]
struct Sqs {
    queue: Vec<Stored>,
    dead: Vec<Stored>,
    /// Bodies that the next send does not take, each once.
    refuse: Vec<String>,
    /// Whether deletes fail.
    keeps: bool,
    calls: Vec<String>,
}

impl Sqs {
    fn answer(&mut self, operation: &str, request: &Value) -> (u16, Value) {
        self.calls.push(operation.to_owned());
        let is_dead = request["QueueUrl"].as_str().unwrap().ends_with("-dead");
        let entries = request["Entries"].as_array().cloned().unwrap_or_default();
        match operation {
            "SendMessageBatch" => {
                assert!(!is_dead && entries.len() <= 10);
                let (mut successful, mut failed) = (Vec::new(), Vec::new());
                for entry in entries {
                    let body = entry["MessageBody"].as_str().unwrap().to_owned();
                    if let Some(position) = self.refuse.iter().position(|refused| *refused == body) {
                        self.refuse.remove(position);
                        failed
                            .push(json!({"Id": entry["Id"], "Code": "InternalError", "SenderFault": false}));
                        continue;
                    }
                    let id = format!("m{}", self.queue.len());
                    successful.push(json!({"Id": entry["Id"], "MessageId": id, "MD5OfMessageBody": "x"}));
                    self.queue.push(Stored {
                        id,
                        body,
                        group: entry["MessageGroupId"].as_str().map(str::to_owned),
                        attributes: entry["MessageAttributes"].clone(),
                        hidden: false,
                    });
                }
                (200, json!({"Successful": successful, "Failed": failed}))
            }
            "ReceiveMessage" => {
                assert!(is_dead);
                let seen = self.dead.iter_mut().filter(|message| !message.hidden).take(10);
                let messages: Vec<Value> = seen
                    .map(|message| {
                        message.hidden = true;
                        json!({
                            "MessageId": message.id,
                            "ReceiptHandle": format!("handle-{}", message.id),
                            "Body": message.body,
                            "Attributes": {
                                "ApproximateReceiveCount": "17",
                                "SentTimestamp": "1784053442000",
                                "MessageGroupId": message.group,
                            },
                            "MessageAttributes": message.attributes,
                        })
                    })
                    .collect();
                (200, json!({"Messages": messages}))
            }
            "ChangeMessageVisibilityBatch" => {
                for entry in entries {
                    let handle = entry["ReceiptHandle"].as_str().unwrap();
                    assert_eq!(entry["VisibilityTimeout"], 0);
                    let of = |message: &&mut Stored| format!("handle-{}", message.id) == handle;
                    self.dead.iter_mut().find(of).unwrap().hidden = false;
                }
                (200, json!({"Successful": [], "Failed": []}))
            }
            "DeleteMessageBatch" => {
                assert!(is_dead);
                if self.keeps {
                    let failed = json!([{"Id": "0", "Code": "InternalError", "SenderFault": false}]);
                    return (200, json!({"Successful": [], "Failed": failed}));
                }
                let handle = entries[0]["ReceiptHandle"].as_str().unwrap().to_owned();
                self.dead.retain(|message| format!("handle-{}", message.id) != handle);
                (200, json!({"Successful": [{"Id": "0"}], "Failed": []}))
            }
            other => (400, json!({"__type": "com.amazonaws.sqs#UnsupportedOperation", "message": other})),
        }
    }
}

fn lock(sqs: &Mutex<Sqs>) -> MutexGuard<'_, Sqs> {
    sqs.lock().unwrap()
}

fn import() -> QueueName {
    QueueName::Import(ChannelName::parse("amazon").unwrap())
}

fn queues() -> (Arc<Mutex<Sqs>>, SqsQueues) {
    let sqs = Arc::new(Mutex::new(Sqs::default()));
    let answering = Arc::clone(&sqs);
    let sdk = sdk(move |operation, request| lock(&answering).answer(operation, &request));
    let urls = QueueUrls {
        queue: "https://sqs.eu-west-1.amazonaws.com/1/weir-import".to_owned(),
        dead_letters: "https://sqs.eu-west-1.amazonaws.com/1/weir-import-dead".to_owned(),
    };
    (sqs, SqsQueues::new(Client::new(&sdk), BTreeMap::from([(import(), urls)])))
}

fn messages(count: usize) -> Vec<OutgoingMessage> {
    let message = |number: usize| OutgoingMessage {
        id: format!("id-{number}"),
        group: "con_1".to_owned(),
        body: format!("body {number}"),
    };
    (0..count).map(message).collect()
}

fn dead(id: &str) -> Stored {
    Stored {
        id: id.to_owned(),
        body: format!("body of {id}"),
        group: Some("con_1".to_owned()),
        attributes: json!({"weir_id": {"DataType": "String", "StringValue": format!("own-{id}")}}),
        hidden: false,
    }
}

#[tokio::test]
async fn messages_go_in_tens_with_group_and_id() {
    let (sqs, queues) = queues();
    queues.send(&import(), &messages(23)).await.unwrap();
    let sqs = lock(&sqs);
    assert_eq!(sqs.calls.len(), 3);
    assert_eq!(sqs.queue.len(), 23);
    assert!(sqs.queue.iter().all(|message| message.group.as_deref() == Some("con_1")));
    assert_eq!(sqs.queue[22].attributes["weir_id"]["StringValue"], "id-22");
}

#[tokio::test]
async fn what_a_batch_did_not_take_is_sent_again_and_nothing_else() {
    let (sqs, queues) = queues();
    lock(&sqs).refuse = vec!["body 3".to_owned(), "body 7".to_owned(), "body 3".to_owned()];
    queues.send(&import(), &messages(10)).await.unwrap();
    let mut bodies: Vec<String> = lock(&sqs).queue.iter().map(|message| message.body.clone()).collect();
    bodies.sort();
    assert_eq!(bodies, messages(10).into_iter().map(|message| message.body).collect::<Vec<_>>());
}

#[tokio::test]
async fn what_is_never_taken_is_trouble() {
    let (sqs, queues) = queues();
    lock(&sqs).refuse = vec!["body 0".to_owned(); 50];
    assert!(matches!(queues.send(&import(), &messages(1)).await, Err(QueueError::Trouble(_))));
    let other = QueueName::Import(ChannelName::parse("shopify").unwrap());
    assert!(matches!(queues.send(&other, &messages(1)).await, Err(QueueError::Trouble(_))));
}

#[tokio::test]
async fn dead_letters_are_seen_every_time() {
    let (sqs, queues) = queues();
    lock(&sqs).dead = (0..25).map(|number| dead(&format!("d{number:02}"))).collect();
    for _ in 0..2 {
        let letters = queues.dead_letters().await.unwrap();
        assert_eq!(letters.len(), 25);
        assert_eq!((letters[3].id.as_str(), letters[3].body.as_str()), ("d03", "body of d03"));
        assert_eq!(letters[3].attempts, RECEIVES);
        assert!(letters[3].reason.contains("own-d03"));
        assert_eq!(letters[3].first_seen_at.to_string(), "2026-07-14T18:24:02Z");
    }
    lock(&sqs).dead.clear();
    assert_eq!(queues.dead_letters().await.unwrap(), []);
}

#[tokio::test]
async fn a_replayed_letter_goes_back_as_it_was() {
    let (sqs, queues) = queues();
    lock(&sqs).dead = (0..15).map(|number| dead(&format!("d{number:02}"))).collect();
    queues.replay("d12").await.unwrap();
    let sqs = lock(&sqs);
    assert_eq!(sqs.queue.len(), 1);
    assert_eq!((sqs.queue[0].body.as_str(), sqs.queue[0].group.as_deref()), ("body of d12", Some("con_1")));
    assert_eq!(sqs.queue[0].attributes["weir_id"]["StringValue"], "own-d12");
    assert_eq!(sqs.dead.len(), 14);
    assert!(sqs.dead.iter().all(|message| message.id != "d12" && !message.hidden));
}

#[tokio::test]
async fn a_letter_that_cannot_be_sent_or_removed_stays() {
    let (sqs, queues) = queues();
    lock(&sqs).dead = vec![dead("d1")];
    lock(&sqs).refuse = vec!["body of d1".to_owned(); 50];
    assert!(matches!(queues.replay("d1").await, Err(QueueError::Trouble(_))));
    assert_eq!(lock(&sqs).dead.len(), 1);
    {
        let mut sqs = lock(&sqs);
        sqs.refuse.clear();
        sqs.keeps = true;
        sqs.dead[0].hidden = false;
    }
    assert!(matches!(queues.replay("d1").await, Err(QueueError::Trouble(_))));
    let sqs = lock(&sqs);
    assert_eq!((sqs.queue.len(), sqs.dead.len()), (1, 1));
}

#[tokio::test]
async fn a_discarded_letter_is_gone_and_an_unknown_one_not_found() {
    let (sqs, queues) = queues();
    lock(&sqs).dead = vec![dead("d1"), dead("d2")];
    queues.discard("d1", "made by hand").await.unwrap();
    assert_eq!(lock(&sqs).dead.len(), 1);
    assert_eq!(queues.discard("d1", "again").await, Err(QueueError::NotFound));
    assert_eq!(queues.replay("d9").await, Err(QueueError::NotFound));
    assert!(lock(&sqs).dead.iter().all(|message| !message.hidden));
    assert!(lock(&sqs).queue.is_empty());
}
