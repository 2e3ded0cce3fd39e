//! Who may sign in: the token of the environment for one run, or one that is made at the first start
//! and kept in the data folder. The store knows their digests only.

use std::path::{Path, PathBuf};

use weir_app::{
    Hub, access,
    gate::Site,
    organizations::{self, NewOrganization},
    people::Refusal,
    ports::Index,
};
use weir_channels::channel::Secret;
use weir_domain::ids::OrganizationId;

use crate::{Settings, StartError, file};

/// The file that holds the token that was made here.
const TOKEN_FILE: &str = "api-token";

/// The file that holds the digest of the token that was let in last.
const LET_IN_FILE: &str = "api-token.let-in";

/// The token to sign in with.
pub(crate) struct Access {
    pub(crate) token: Secret,
    /// Where it is kept, if it was made here.
    pub(crate) kept_in: Option<PathBuf>,
}

/// Whether the token of the environment will do, before anything is touched.
pub(crate) fn check(settings: &Settings) -> Result<(), StartError> {
    let flaw = settings.token.as_ref().and_then(|token| access::flaw(token.expose()));
    flaw.map_or(Ok(()), |flaw| Err(StartError::Token(flaw)))
}

impl Access {
    /// The token of the environment; else the one that is kept; else a new one.
    pub(crate) fn find(hub: &Hub, settings: &Settings) -> Result<Self, StartError> {
        if let Some(token) = &settings.token {
            return Ok(Self { token: token.clone(), kept_in: None });
        }
        let path = settings.data.join(TOKEN_FILE);
        let kept = file::read(&path)?.map(|text| text.trim().to_owned());
        let token = match kept.filter(|kept| access::flaw(kept).is_none()) {
            Some(kept) => kept,
            None => {
                let made = format!("weir_{}{}", hub.ids.token(), hub.ids.token());
                file::write(&path, &format!("{made}\n"))?;
                made
            }
        };
        Ok(Self { token: Secret::new(token), kept_in: Some(path) })
    }

    /// Makes the first organization, if there is none, and lets this token in, in place of the one
    /// of an earlier run.
    pub(crate) async fn let_in(
        &self,
        hub: &Hub,
        data: &Path,
        new: NewOrganization,
    ) -> Result<OrganizationId, StartError> {
        let path = data.join(LET_IN_FILE);
        let digest = access::digest(self.token.expose());
        let former = file::read(&path)?.map(|text| text.trim().to_owned());
        if let Some(former) = former.filter(|former| *former != digest) {
            let removed = access::shut_out(hub, former).await;
            removed.map_err(|error| StartError::set_up("the API token", error))?;
        }
        file::write(&path, &format!("{digest}\n"))?;
        organizations::first_start(hub, new, &self.token).await.map_err(|refusal| match refusal {
            Refusal::Invalid { .. } => StartError::Token(refusal.to_string()),
            other => StartError::set_up("the first organization", other),
        })
    }
}

/// Whether there is an organization already: the folder was begun before.
pub(crate) async fn has_begun(hub: &Hub) -> Result<bool, StartError> {
    let organizations = hub.count(Site::PersonRead, &Index::Organizations, 1).await;
    Ok(organizations.map_err(|error| StartError::set_up("the store", error))? > 0)
}
