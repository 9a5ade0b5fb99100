//! Replacing a cluster's token. What comes next is decided by [`generations::next`] from what is in the cluster and in Git;
//! here it is done, one step after the other, each of which may be the last one before a crash.

mod lock;
mod outlook;
mod revoking;

use std::{collections::BTreeMap, path::PathBuf};

use fanlight_cluster::rescue::{Controllers, Lock, May, Question, Rescue, TokenSecret};
use fanlight_sops::Rule;
use serde::Serialize;

pub(crate) use lock::lock_here;

use crate::{
    Access, ClusterName, Credential, Error, Operator, Publish,
    credential::Origin,
    fleet::{Git, Place},
    generations::{self, BEGUN_BY, Intent, NextStep, RevokeWhen, SEALED_BY, Situation, Token},
    operator::because,
    pins::Pin,
    sealed::{self, Draft, Sealed},
    surroundings,
};

/// How far a rotation goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Course {
    /// The old token goes when the new one is published and somebody says so; otherwise it stays for the time being.
    #[default]
    Usual,
    /// Say what would be done, and do nothing.
    DryRun,
    /// Only finish what was begun, once it is published.
    Finish,
    /// Revoke as soon as the new file is committed, though it is not pushed.
    RevokeNow,
}

/// What can be chosen about a rotation.
#[derive(Debug, Clone, Default)]
pub struct RotateOptions {
    /// A way in other than the sealed credential; the address to seal.
    pub access: Access,
    /// How far to go.
    pub course: Course,
    /// What to do with the new file.
    pub publish: Publish,
    /// Take another identity of the cluster than the one remembered.
    pub accept_identity: bool,
}

/// What a rotation came to.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Rotated {
    /// The cluster.
    pub cluster: String,
    /// The generation that is sealed now.
    pub generation: u32,
    /// The sealed file, from the fleet's root.
    pub file: PathBuf,
    /// The Secrets whose tokens were revoked.
    pub revoked: Vec<String>,
    /// The Secrets whose tokens should go and are still valid.
    pub still_valid: Vec<String>,
    /// Whether the API server was seen to refuse the old token; it may take some ten seconds more.
    pub refused: bool,
    /// Whether this was only a rehearsal.
    pub dry_run: bool,
}

/// A rotation takes no more steps than this; more would be a mistake of ours.
const STEPS: usize = 16;

/// Rotates, or finishes a rotation; resumes one that was interrupted.
pub async fn rotate(operator: &Operator<'_>, cluster: &ClusterName, options: RotateOptions) -> Result<Rotated, Error> {
    let place = operator.place(cluster)?;
    let _local = lock_here(&place)?;
    let rule = sealed::rule(&operator.fleet, &place)?;
    let sealed = Sealed::of(&place)?;
    let opened = sealed.open(cluster, &operator.keys.identities)?;
    operator.trust(&place, &sealed.text, options.accept_identity).check(&Pin::of(&opened.credential)).await?;
    if options.course != Course::Finish {
        let (present, wanted) = (sealed::names(sealed.header()?.recipients()), sealed::names(rule.recipients()));
        operator.agree_to_recipients(&place, &present, &wanted)?;
    }
    let rescue = if options.access.is_named() {
        operator.connect(cluster, &options.access).await?
    } else {
        operator.enter(cluster, &opened.credential)?
    };
    let cluster_uid = operator.same_cluster(cluster, &rescue, &opened.credential, options.accept_identity).await?;
    let git = operator.git(cluster).await?;
    if let Some(git) = &git
        && let Err(error) = git.fetch().await
    {
        operator
            .talk
            .tell(&format!("Note: what others pushed could not be fetched ({error}); going by what is known here."));
    }
    // The address stays what was proven before, whatever the cluster's configuration says by now.
    let server = match &options.access.server {
        Some(_) => Operator::server(&place, &options.access, None)?,
        None => opened.credential.server.clone(),
    };
    let sealed_at = opened.credential.server.clone();
    let mut rotation = Rotation {
        operator,
        place: &place,
        rule,
        git,
        rescue,
        lock: None,
        template: Credential { server, origin: None, ..opened.credential },
        cluster_uid,
        options,
        by: format!("{} on {}", operator.person().await, surroundings::host()),
        under_way: false,
        pushed: false,
        rotated: Rotated {
            cluster: cluster.to_string(),
            generation: 0,
            file: operator.fleet.relative(&place.sealed()).to_owned(),
            revoked: Vec::new(),
            still_valid: Vec::new(),
            refused: true,
            dry_run: false,
        },
    };
    rotation.refresh();
    if rotation.template.server != sealed_at {
        operator.must_answer(cluster, &rotation.template.server, &rotation.template.ca).await?;
    }
    rotation.preflight().await?;
    if !rotation.is(Course::DryRun) {
        rotation.lock = Some(lock::lock_there(cluster, &rotation.rescue, &rotation.by).await?);
    }
    let outcome = rotation.run().await;
    rotation.refresh();
    if let Some(lock) = rotation.lock.take()
        && let Err(error) = lock.release().await
    {
        operator
            .talk
            .tell(&format!("Note: the lock in the cluster could not be given back and lapses by itself: {error}"));
    }
    outcome.map(|()| rotation.rotated)
}

const UNCHANGED: &str = "Nothing was changed: the present credential stays valid";
const RESUME: &str = "The sealed credential stays valid; rotating again goes on from here";

struct Rotation<'a> {
    operator: &'a Operator<'a>,
    place: &'a Place,
    rule: Rule,
    git: Option<Git>,
    /// By the way in at first, by the new token as soon as the old one goes.
    rescue: Rescue,
    lock: Option<Lock>,
    /// What stays the same from token to token.
    template: Credential,
    cluster_uid: String,
    options: RotateOptions,
    /// Who rotates, for people.
    by: String,
    /// Whether the rotation is one to be finished: it was open, or this run has made its token.
    under_way: bool,
    /// Whether this run has pushed.
    pushed: bool,
    rotated: Rotated,
}

impl Rotation<'_> {
    fn cluster(&self) -> &ClusterName {
        &self.place.name
    }

    fn is(&self, course: Course) -> bool {
        self.options.course == course
    }

    fn tell(&self, line: &str) {
        self.operator.talk.tell(line);
    }

    /// Gives what comes next its own time: a person may have thought about a question for long.
    fn refresh(&mut self) {
        self.rescue = self.rescue.within(self.operator.patience);
        self.lock = self.lock.take().map(|lock| lock.over(&self.rescue));
    }

    fn failed(&self, hint: &'static str) -> impl Fn(fanlight_cluster::rescue::RescueError) -> Error + use<> {
        let cluster = self.cluster().clone();
        move |error| because(&cluster, hint)(error)
    }

    /// All that can be found wrong before anything is changed.
    async fn preflight(&self) -> Result<(), Error> {
        let failed = self.failed(UNCHANGED);
        for verb in ["list", "get", "create", "patch", "delete"] {
            let question = Question { namespace: "kube-system", ..Question::of_core(verb, "secrets", "") };
            if let May::No(why) = self.rescue.may(&question).await.map_err(&failed)? {
                return Err(Error::Refused(format!(
                    "{}: the way in may not {verb} Secrets in kube-system ({why}). {UNCHANGED}",
                    self.cluster()
                )));
            }
        }
        if !self.is(Course::Finish)
            && let Controllers::Down { since } = self.rescue.controllers().await.map_err(&failed)?
        {
            return Err(Error::ControllersDown { cluster: self.cluster().clone(), since });
        }
        Draft::rehearse(self.place, &self.template, &self.rule, &self.operator.keys)
    }

    async fn run(&mut self) -> Result<(), Error> {
        for _ in 0..STEPS {
            self.refresh();
            let secrets = self.rescue.token_secrets().await.map_err(self.failed(RESUME))?;
            let mut situation = self.situation(&secrets).await;
            if generations::is_open(&situation) {
                self.under_way = true;
                situation.intent = Intent::Finish;
            }
            self.note(&situation);
            let step = generations::next(&situation);
            if self.is(Course::DryRun) {
                return self.rehearse(&situation, &step).await;
            }
            if let Some(lock) = &mut self.lock {
                lock.renew().await.map_err(because(&self.place.name, RESUME))?;
            }
            let go_on = match step {
                NextStep::Create { name, generation } => self.create(&name, generation).await?,
                NextStep::AwaitToken(name) => self.await_token(named(&secrets, &name, self.cluster())?).await?,
                NextStep::Seal(name) => self.seal(named(&secrets, &name, self.cluster())?).await?,
                NextStep::Commit => self.commit().await?,
                NextStep::Push => self.push().await?,
                NextStep::Revoke { sealed_in, names, .. } => self.revoke(sealed_in, &names, &secrets).await?,
                NextStep::DeleteOrphans(names) => self.delete_orphans(&names, &secrets).await?,
                NextStep::Done => false,
                NextStep::Stop(obstacle) => {
                    return Err(Error::Refused(format!("{}: {obstacle}. {UNCHANGED}", self.cluster())));
                }
            };
            if !go_on {
                break;
            }
        }
        let Rotated { still_valid, revoked, .. } = &self.rotated;
        if !self.is(Course::Finish) && !self.under_way && still_valid.is_empty() && revoked.is_empty() {
            return Err(Error::Unpublished { cluster: self.cluster().clone() });
        }
        Ok(())
    }

    /// What there is, in the cluster and in Git.
    async fn situation(&self, secrets: &[TokenSecret]) -> Situation {
        Situation {
            tokens: secrets.iter().map(Token::from).collect(),
            copies: self.copies().await,
            intent: if self.is(Course::Finish) || self.under_way { Intent::Finish } else { Intent::Rotate },
            revoke_when: if self.is(Course::RevokeNow) && !self.options.publish.push {
                RevokeWhen::Committed
            } else {
                RevokeWhen::Pushed
            },
        }
    }

    async fn create(&mut self, name: &str, generation: u32) -> Result<bool, Error> {
        let annotations = BTreeMap::from([(BEGUN_BY.to_owned(), self.by.clone())]);
        // Policies and quotas say no here, before the first change.
        let rescue = &self.rescue;
        rescue.create_token_secret(name, generation, &annotations, true).await.map_err(self.failed(UNCHANGED))?;
        rescue.create_token_secret(name, generation, &annotations, false).await.map_err(self.failed(RESUME))?;
        self.under_way = true;
        self.tell(&format!("Secret kube-system/{name} created beside the old one."));
        Ok(true)
    }

    /// What an interrupted rotation has made and nobody has.
    async fn delete_orphans(&mut self, names: &[String], secrets: &[TokenSecret]) -> Result<bool, Error> {
        for name in names {
            let orphan = named(secrets, name, self.cluster())?;
            self.rescue.delete_token_secret(orphan).await.map_err(self.failed(RESUME))?;
            self.tell(&format!("Secret kube-system/{name}, which nobody has sealed, deleted."));
        }
        Ok(true)
    }

    async fn await_token(&mut self, secret: &TokenSecret) -> Result<bool, Error> {
        self.under_way = true;
        match self.rescue.within(self.operator.patience * 2).await_token(secret, self.operator.patience).await {
            Ok(_) => Ok(true),
            Err(error) => {
                // Nobody has it, nobody will: it goes, and all is as before.
                let _ = self.rescue.within(self.operator.patience).delete_token_secret(secret).await;
                Err(because(self.cluster(), UNCHANGED)(error))
            }
        }
    }

    async fn seal(&mut self, secret: &TokenSecret) -> Result<bool, Error> {
        self.under_way = true;
        let cluster = self.cluster().clone();
        let issued = secret.issued.as_ref().ok_or_else(|| Error::NotProven {
            cluster: cluster.clone(),
            why: format!("Secret kube-system/{} lost its token", secret.name),
        })?;
        let credential = Credential {
            ca: issued.ca_pem.clone(),
            token: issued.token.clone(),
            origin: Some(Origin {
                cluster_uid: self.cluster_uid.clone(),
                secret: secret.name.clone(),
                secret_uid: secret.uid.clone(),
                generation: secret.generation.unwrap_or(1),
                created: secret.created.unwrap_or_else(jiff::Timestamp::now),
            }),
            ..self.template.clone()
        };
        self.tell(&format!("Proving the new token at {} …", credential.server));
        self.operator.prove(&cluster, &credential).await?;
        let keys = &self.operator.keys;
        let draft = Draft::seal(self.place, &credential, &self.rule, keys, jiff::Timestamp::now())?;
        let mark = BTreeMap::from([(SEALED_BY.to_owned(), Some(self.by.clone()))]);
        self.rescue.annotate_token_secret(secret, &mark).await.map_err(self.failed(RESUME))?;
        draft.put(self.place, &credential, keys)?;
        self.operator.remember(self.place, &Pin::of(&credential));
        self.rotated.generation = secret.generation.unwrap_or(1);
        self.tell(&format!(
            "{} sealed and read back: generation {}.",
            self.rotated.file.display(),
            self.rotated.generation
        ));
        Ok(true)
    }

    async fn commit(&mut self) -> Result<bool, Error> {
        let talk = self.operator.talk;
        let wanted = self.options.publish.commit
            || self.is(Course::RevokeNow)
            || (!self.is(Course::Finish) && talk.confirm("Commit the new file and push it?")?);
        let message = format!("{}: rotate break-glass token", self.cluster());
        if !wanted {
            self.operator.publish(self.place, &message, Publish::default()).await?;
            return Ok(false);
        }
        self.operator.publish(self.place, &message, Publish { commit: true, push: false }).await?;
        // Who said yes to both is not asked again.
        self.options.publish.push |= !self.options.publish.commit && !self.is(Course::RevokeNow);
        Ok(true)
    }

    async fn push(&mut self) -> Result<bool, Error> {
        let talk = self.operator.talk;
        let wanted =
            self.options.publish.push || (!self.is(Course::RevokeNow) && talk.confirm("Push the new file?")?);
        if !wanted {
            self.tell(&format!("The others need the new file: git -C {} push", self.operator.fleet.root().display()));
            return Ok(false);
        }
        let still_valid = |why: String| Error::OldStillValid { cluster: self.place.name.clone(), why };
        if self.pushed {
            return Err(still_valid("the push went elsewhere than to the branch that this one follows".to_owned()));
        }
        match self.operator.publish(self.place, "", Publish { commit: false, push: true }).await {
            Err(Error::Git { what, source }) => Err(still_valid(format!("{what}: {source}"))),
            pushed => {
                self.pushed = true;
                pushed
            }
        }
    }
}

fn named<'b>(secrets: &'b [TokenSecret], name: &str, cluster: &ClusterName) -> Result<&'b TokenSecret, Error> {
    secrets
        .iter()
        .find(|secret| secret.name == name)
        .ok_or_else(|| Error::NotProven { cluster: cluster.clone(), why: format!("Secret kube-system/{name} is gone") })
}
