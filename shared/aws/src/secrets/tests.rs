//! Credentials there and back, in Secrets Manager and in the local file; and that nobody else reads them.

use serde_json::{Value, json};

use super::*;
use crate::testing::{SetClock, sdk, time};

fn credentials(token: &str) -> Credentials {
    Credentials::from([
        ("client_id".to_owned(), Secret::new("amzn1.app")),
        ("refresh_token".to_owned(), Secret::new(token)),
    ])
}

fn ids(connection: &str) -> (OrganizationId, ConnectionId) {
    (OrganizationId::parse("org_1").unwrap(), ConnectionId::parse(connection).unwrap())
}

/// A small Secrets Manager, and the operations it was asked for.
#[allow(clippy::type_complexity, reason = "what it keeps, and what it was asked")]
fn manager(clock: Arc<SetClock>) -> (SecretsManager, Arc<Mutex<(BTreeMap<String, String>, Vec<String>)>>) {
    let state: Arc<Mutex<(BTreeMap<String, String>, Vec<String>)>> = Arc::default();
    let answering = Arc::clone(&state);
    let sdk = sdk(move |operation, request| {
        let mut state = answering.lock().unwrap();
        state.1.push(operation.to_owned());
        let missing = json!({"__type": "ResourceNotFoundException", "Message": "no such secret"});
        let text = |field: &str| request[field].as_str().unwrap_or_default().to_owned();
        match operation {
            "GetSecretValue" => match state.0.get(&text("SecretId")) {
                Some(value) => (200, json!({"SecretString": value})),
                None => (400, missing),
            },
            "PutSecretValue" if !state.0.contains_key(&text("SecretId")) => (400, missing),
            "PutSecretValue" => {
                state.0.insert(text("SecretId"), text("SecretString"));
                (200, json!({}))
            }
            "CreateSecret" => {
                state.0.insert(text("Name"), text("SecretString"));
                (200, json!({}))
            }
            _ => (400, json!({"__type": "AccessDeniedException", "Message": "no"})),
        }
    });
    (SecretsManager::new(Client::new(&sdk), "test", clock), state)
}

#[tokio::test]
async fn a_connection_has_one_secret_under_its_name() {
    let (secrets, state) = manager(SetClock::at("2026-07-14T18:00:00Z"));
    let (org, con) = ids("con_1");
    assert_eq!(secrets.read(&org, &con).await, Ok(Credentials::new()));
    secrets.keep(&org, &con, &credentials("first")).await.unwrap();
    secrets.keep(&org, &con, &credentials("second")).await.unwrap();
    assert_eq!(secrets.read(&org, &con).await, Ok(credentials("second")));
    let state = state.lock().unwrap();
    assert_eq!(state.0.keys().collect::<Vec<_>>(), ["weir/test/connection/org_1/con_1"]);
    assert_eq!(state.1, ["GetSecretValue", "PutSecretValue", "CreateSecret", "PutSecretValue"]);
}

#[tokio::test]
async fn what_was_read_is_used_for_five_minutes() {
    let clock = SetClock::at("2026-07-14T18:00:00Z");
    let (secrets, state) = manager(Arc::clone(&clock));
    let (org, con) = ids("con_1");
    let put = |token: &str| {
        let json = format!("{{\"client_id\":\"amzn1.app\",\"refresh_token\":\"{token}\"}}");
        state.lock().unwrap().0.insert("weir/test/connection/org_1/con_1".to_owned(), json);
    };
    put("first");
    assert_eq!(secrets.read(&org, &con).await, Ok(credentials("first")));
    put("second");
    clock.set(time("2026-07-14T18:04:59Z"));
    assert_eq!(secrets.read(&org, &con).await, Ok(credentials("first")));
    clock.set(time("2026-07-14T18:05:00Z"));
    assert_eq!(secrets.read(&org, &con).await, Ok(credentials("second")));
    // Whoever has to know asks past the cache, and the cache learns of it.
    put("replaced");
    assert_eq!(secrets.read(&org, &con).await, Ok(credentials("second")));
    assert_eq!(secrets.read_anew(&org, &con).await, Ok(credentials("replaced")));
    assert_eq!(secrets.read(&org, &con).await, Ok(credentials("replaced")));
    // A clock that goes back is no reason to trust what is cached for hours.
    put("third");
    clock.set(time("2026-07-14T12:00:00Z"));
    assert_eq!(secrets.read(&org, &con).await, Ok(credentials("third")));
}

#[tokio::test]
async fn trouble_and_a_damaged_secret_say_no_secret() {
    let (secrets, state) = manager(SetClock::at("2026-07-14T18:00:00Z"));
    state.lock().unwrap().0.insert("weir/test/connection/org_1/con_1".to_owned(), "[\"hush\"]".to_owned());
    let (org, con) = ids("con_1");
    let SecretError(why) = secrets.read(&org, &con).await.unwrap_err();
    assert!(!why.contains("hush"), "{why}");
    assert!(!format!("{secrets:?}").contains("hush"));
}

/// A folder of the test's own, removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("weir-secrets-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[tokio::test]
async fn the_file_keeps_them_over_a_restart_for_its_owner_alone() {
    let folder = Folder::new("kept");
    let (org, con) = ids("con_1");
    let secrets = FileSecrets::new(&folder.0);
    assert_eq!(secrets.read(&org, &con).await, Ok(Credentials::new()));
    // A file of another hand's lies where the next one is written.
    std::fs::write(folder.0.join("secrets.json.new"), "junk").unwrap();
    secrets.keep(&org, &con, &credentials("first")).await.unwrap();
    secrets.keep(&org, &ids("con_2").1, &credentials("other")).await.unwrap();
    secrets.keep(&org, &con, &credentials("second")).await.unwrap();
    let again = FileSecrets::new(&folder.0);
    assert_eq!(again.read(&org, &con).await, Ok(credentials("second")));
    assert_eq!(again.read(&org, &ids("con_2").1).await, Ok(credentials("other")));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(folder.0.join(SECRETS_FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let files: Vec<_> = std::fs::read_dir(&folder.0).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert_eq!(files, [SECRETS_FILE]);
}

#[tokio::test]
async fn writers_at_the_same_time_lose_nothing() {
    let folder = Folder::new("race");
    let secrets = FileSecrets::new(&folder.0);
    let names: Vec<String> = (0..20).map(|number| format!("con_{number}")).collect();
    let writes = names.iter().map(|name| {
        let secrets = secrets.clone();
        async move {
            let (org, con) = ids(name);
            secrets.keep(&org, &con, &credentials(name)).await
        }
    });
    for done in futures_util::future::join_all(writes).await {
        done.unwrap();
    }
    for name in &names {
        let (org, con) = ids(name);
        assert_eq!(secrets.read(&org, &con).await, Ok(credentials(name)));
    }
}

#[tokio::test]
async fn a_damaged_file_is_an_error_and_is_not_quoted() {
    let folder = Folder::new("damaged");
    std::fs::write(folder.0.join(SECRETS_FILE), "{\"org_1/con_1\": \"hush\"}").unwrap();
    let (org, con) = ids("con_1");
    let secrets = FileSecrets::new(&folder.0);
    for done in [secrets.read(&org, &con).await.map(drop), secrets.keep(&org, &con, &credentials("x")).await]
    {
        let SecretError(why) = done.unwrap_err();
        assert!(!why.contains("hush") && why.contains(SECRETS_FILE), "{why}");
    }
    let text = std::fs::read_to_string(folder.0.join(SECRETS_FILE)).unwrap();
    assert!(text.contains("hush"), "what cannot be read is not overwritten");
    let _: Value = serde_json::from_str(&text).unwrap();
}
