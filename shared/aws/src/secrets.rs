//! Where credentials are: one secret per connection in Secrets Manager, or a file that only its owner
//! can read in a local run's data folder. Never a log line with what stands in them.

use std::{
    collections::BTreeMap,
    fmt,
    io::{ErrorKind, Write as _},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use aws_sdk_secretsmanager::{
    Client,
    operation::{get_secret_value::GetSecretValueError, put_secret_value::PutSecretValueError},
};
use jiff::SignedDuration;
use weir_app::ports::{Clock, SecretError, Secrets};
use weir_channels::channel::{Credentials, Secret};
use weir_domain::{
    Timestamp,
    ids::{ConnectionId, OrganizationId},
};

use crate::sdk_error::Place;

/// How long a process uses credentials without asking again: new ones entered by a person are in use
/// everywhere after that, and a busy worker pays for one read in thousands.
const CACHED: SignedDuration = SignedDuration::from_mins(5);

/// The secrets of a deployment.
pub struct SecretsManager {
    client: Client,
    stage: String,
    clock: Arc<dyn Clock>,
    cache: Mutex<BTreeMap<String, (Timestamp, Credentials)>>,
}

impl SecretsManager {
    /// The secrets under `weir/<stage>/connection/`.
    #[must_use]
    pub fn new(client: Client, stage: impl Into<String>, clock: Arc<dyn Clock>) -> Self {
        Self { client, stage: stage.into(), clock, cache: Mutex::default() }
    }

    fn name(&self, organization: &OrganizationId, connection: &ConnectionId) -> String {
        format!("weir/{}/connection/{organization}/{connection}", self.stage)
    }

    fn place(&self, name: &str) -> Place {
        Place::new("secret", name, self.client.config().region())
    }

    fn cached(&self, name: &str) -> Option<Credentials> {
        let now = self.clock.now();
        let cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        let (read_at, credentials) = cache.get(name)?;
        let age = now.duration_since(*read_at);
        (age >= SignedDuration::ZERO && age < CACHED).then(|| credentials.clone())
    }

    fn remember(&self, name: String, credentials: Credentials) {
        let now = self.clock.now();
        self.cache.lock().unwrap_or_else(PoisonError::into_inner).insert(name, (now, credentials));
    }
}

impl fmt::Debug for SecretsManager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretsManager").field("stage", &self.stage).finish_non_exhaustive()
    }
}

#[async_trait]
impl Secrets for SecretsManager {
    async fn read(
        &self,
        organization: &OrganizationId,
        connection: &ConnectionId,
    ) -> Result<Credentials, SecretError> {
        let name = self.name(organization, connection);
        if let Some(credentials) = self.cached(&name) {
            return Ok(credentials);
        }
        self.read_anew(organization, connection).await
    }

    async fn read_anew(
        &self,
        organization: &OrganizationId,
        connection: &ConnectionId,
    ) -> Result<Credentials, SecretError> {
        let name = self.name(organization, connection);
        let credentials = match self.client.get_secret_value().secret_id(&name).send().await {
            Ok(answer) => {
                let text = answer.secret_string.as_deref().unwrap_or("{}");
                parse(text).map_err(|why| SecretError(format!("{}: {why}", self.place(&name))))?
            }
            Err(error)
                if matches!(
                    error.as_service_error(),
                    Some(GetSecretValueError::ResourceNotFoundException(_))
                ) =>
            {
                // Not remembered: it may be entered at any moment.
                tracing::warn!("{}: ResourceNotFoundException: it has no credentials yet", self.place(&name));
                return Ok(Credentials::new());
            }
            Err(error) => return Err(SecretError(self.place(&name).describe(&error))),
        };
        self.remember(name, credentials.clone());
        Ok(credentials)
    }

    async fn keep(
        &self,
        organization: &OrganizationId,
        connection: &ConnectionId,
        credentials: &Credentials,
    ) -> Result<(), SecretError> {
        let name = self.name(organization, connection);
        let text = write(credentials)?;
        match self.client.put_secret_value().secret_id(&name).secret_string(&text).send().await {
            Ok(_) => {}
            Err(error)
                if matches!(
                    error.as_service_error(),
                    Some(PutSecretValueError::ResourceNotFoundException(_))
                ) =>
            {
                let call = self.client.create_secret().name(&name).secret_string(&text);
                call.send().await.map_err(|error| SecretError(self.place(&name).describe(&error)))?;
            }
            Err(error) => return Err(SecretError(self.place(&name).describe(&error))),
        }
        if credentials.is_empty() {
            // What it held is kept as the version before, until another value takes that place.
            let again = self.client.put_secret_value().secret_id(&name).secret_string(&text).send().await;
            again.map_err(|error| SecretError(self.place(&name).describe(&error)))?;
        }
        self.remember(name, credentials.clone());
        Ok(())
    }
}

/// The value of a secret that is one text. `None`: there is no such secret, or it has no such version.
pub(crate) async fn text(client: &Client, id: &str, version: Version) -> Result<Option<Secret>, SecretError> {
    match client.get_secret_value().secret_id(id).version_stage(version.stage()).send().await {
        Ok(answer) => Ok(answer.secret_string.map(Secret::new)),
        Err(error)
            if matches!(
                error.as_service_error(),
                Some(GetSecretValueError::ResourceNotFoundException(_))
            ) =>
        {
            Ok(None)
        }
        Err(error) => Err(SecretError(Place::new("secret", id, client.config().region()).describe(&error))),
    }
}

/// Which value of a secret.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Version {
    /// The one that is in use.
    Current,
    /// The one before it.
    Previous,
}

impl Version {
    fn stage(self) -> &'static str {
        match self {
            Self::Current => "AWSCURRENT",
            Self::Previous => "AWSPREVIOUS",
        }
    }
}

/// The secrets of a local run: one file, written anew as a whole.
#[derive(Clone, Debug)]
pub struct FileSecrets {
    file: PathBuf,
    /// One writer at a time: each reads what the last has written.
    writing: Arc<Mutex<()>>,
}

/// The file's name in the data folder.
pub const SECRETS_FILE: &str = "secrets.json";

type AllSecrets = BTreeMap<String, BTreeMap<String, String>>;

impl FileSecrets {
    /// The secrets in a data folder, which must be there when the first one is kept.
    #[must_use]
    pub fn new(folder: &Path) -> Self {
        Self { file: folder.join(SECRETS_FILE), writing: Arc::default() }
    }

    fn load(&self) -> Result<AllSecrets, SecretError> {
        match std::fs::read_to_string(&self.file) {
            // What serde says of a bad file may quote it, and so is not passed on.
            Ok(text) => serde_json::from_str(&text).map_err(|_| self.trouble("it is not what Weir wrote")),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(AllSecrets::new()),
            Err(error) => Err(self.trouble(&error.to_string())),
        }
    }

    /// Writes a new file and puts it in the old one's place: a crash leaves one of both, whole.
    fn store(&self, secrets: &AllSecrets) -> Result<(), SecretError> {
        let next = self.file.with_extension("json.new");
        let write = || -> std::io::Result<()> {
            let mut options = std::fs::OpenOptions::new();
            options.write(true).create(true).truncate(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            // A file left behind by a crash may have been made by another hand, with other rights.
            match std::fs::remove_file(&next) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                Ok(()) | Err(_) => {}
            }
            let mut file = options.open(&next)?;
            file.write_all(&serde_json::to_vec_pretty(secrets)?)?;
            file.sync_all()?;
            std::fs::rename(&next, &self.file)?;
            if let Some(folder) = self.file.parent() {
                std::fs::File::open(folder)?.sync_all()?;
            }
            Ok(())
        };
        write().map_err(|error| self.trouble(&error.to_string()))
    }

    fn trouble(&self, why: &str) -> SecretError {
        SecretError(format!("{}: {why}", self.file.display()))
    }

    /// Runs work on the file where it may block.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> Result<T, SecretError> + Send + 'static,
    ) -> Result<T, SecretError> {
        let secrets = self.clone();
        let done = tokio::task::spawn_blocking(move || work(&secrets)).await;
        done.map_err(|error| SecretError(error.to_string()))?
    }
}

#[async_trait]
impl Secrets for FileSecrets {
    async fn read(
        &self,
        organization: &OrganizationId,
        connection: &ConnectionId,
    ) -> Result<Credentials, SecretError> {
        let name = format!("{organization}/{connection}");
        self.blocking(move |secrets| Ok(wrap(secrets.load()?.remove(&name).unwrap_or_default()))).await
    }

    async fn read_anew(
        &self,
        organization: &OrganizationId,
        connection: &ConnectionId,
    ) -> Result<Credentials, SecretError> {
        self.read(organization, connection).await
    }

    async fn keep(
        &self,
        organization: &OrganizationId,
        connection: &ConnectionId,
        credentials: &Credentials,
    ) -> Result<(), SecretError> {
        let name = format!("{organization}/{connection}");
        let plain = expose(credentials);
        self.blocking(move |secrets| {
            let _writing = secrets.writing.lock().unwrap_or_else(PoisonError::into_inner);
            let mut all = secrets.load()?;
            all.insert(name, plain);
            secrets.store(&all)
        })
        .await
    }
}

/// Reads a secret. What is said of a bad one tells nothing of what stands in it.
fn parse(text: &str) -> Result<Credentials, &'static str> {
    let plain: BTreeMap<String, String> =
        serde_json::from_str(text).map_err(|_| "it is not what Weir wrote")?;
    Ok(wrap(plain))
}

fn write(credentials: &Credentials) -> Result<String, SecretError> {
    serde_json::to_string(&expose(credentials)).map_err(|error| SecretError(error.to_string()))
}

fn wrap(plain: BTreeMap<String, String>) -> Credentials {
    plain.into_iter().map(|(name, value)| (name, Secret::new(value))).collect()
}

fn expose(credentials: &Credentials) -> BTreeMap<String, String> {
    credentials.iter().map(|(name, value)| (name.clone(), value.expose().to_owned())).collect()
}

#[cfg(test)]
mod tests;
