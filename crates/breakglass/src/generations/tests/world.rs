//! Two clones of a fleet that rotate the token of one cluster, in any order, interrupted anywhere, too slow for their
//! lock; and what must hold all the time.

use proptest::{collection::vec, prelude::*};

use super::*;

#[derive(Debug, Clone)]
struct Secret {
    generation: u32,
    /// Which token it will have; no two Secrets have the same.
    token: u32,
    is_filled: bool,
    is_begun: bool,
    is_sealed: bool,
    version: u32,
}

#[derive(Debug, Clone)]
struct Clone {
    file: u32,
    head: u32,
    /// The upstream branch as last fetched, and how many pushes that was.
    fetched: (u32, u32),
    /// On how many pushes the commit is based.
    base: u32,
    /// Whether it has a commit of its own on top.
    is_ahead: bool,
    /// What it has decided to do and has not done yet, with the Secrets as it has read them.
    decided: Option<(NextStep, Vec<Secret>)>,
}

#[derive(Debug, Clone)]
struct World {
    secrets: Vec<Secret>,
    clones: [Clone; 2],
    upstream: (u32, u32),
    controllers: bool,
    tokens: u32,
    revoke_when: RevokeWhen,
}

#[derive(Debug, Clone, Copy)]
enum Event {
    /// A clone looks at everything and decides.
    Decide(usize, Intent),
    /// It does what it has decided, but not more than this many of the step's parts: then it crashes.
    Do(usize, usize),
    /// Both at once.
    Go(usize, Intent, usize),
    Fetch(usize),
    /// `git pull`, where nothing of one's own is in the way.
    Pull(usize),
    /// `git checkout` of the file.
    Restore(usize),
    /// `git reset --hard` to the upstream branch.
    Reset(usize),
    /// kube-controller-manager ends or comes back.
    Controllers(bool),
}

impl World {
    fn new(revoke_when: RevokeWhen) -> Self {
        let clone = Clone { file: 1, head: 1, fetched: (1, 0), base: 0, is_ahead: false, decided: None };
        let first = Secret { generation: 1, token: 1, is_filled: true, is_begun: false, is_sealed: false, version: 0 };
        Self {
            secrets: vec![first],
            clones: [clone.clone(), clone],
            upstream: (1, 0),
            controllers: true,
            tokens: 1,
            revoke_when,
        }
    }

    fn situation(&self, clone: usize, intent: Intent) -> Situation {
        let token = |secret: &Secret| Token {
            name: secret_name(secret.generation),
            generation: Some(secret.generation),
            hash: secret.is_filled.then(|| hash(secret.token)),
            begun_by: secret.is_begun.then(|| DANA.to_owned()),
            sealed_by: secret.is_sealed.then(|| DANA.to_owned()),
        };
        let Clone { file, head, fetched, .. } = &self.clones[clone];
        let copies = Copies { file: sealed(*file), head: sealed(*head), upstream: sealed(fetched.0) };
        let tokens = self.secrets.iter().map(token).collect();
        Situation { tokens, copies, intent, revoke_when: self.revoke_when }
    }

    fn decide(&mut self, clone: usize, intent: Intent) -> NextStep {
        let mut situation = self.situation(clone, intent);
        if is_open(&situation) {
            situation.intent = Intent::Finish;
        }
        let step = next(&situation);
        self.clones[clone].decided = Some((step.clone(), self.secrets.clone()));
        step
    }

    fn named(&mut self, name: &str) -> Option<&mut Secret> {
        self.secrets.iter_mut().find(|secret| secret_name(secret.generation) == name)
    }

    /// Deletes Secrets, each only if it is as it was read.
    fn delete(&mut self, names: &[String], read: &[Secret], parts: usize) {
        for name in names.iter().take(parts) {
            let version = |secrets: &[Secret]| {
                let found = secrets.iter().find(|secret| secret_name(secret.generation) == *name);
                found.map(|secret| (secret.token, secret.version))
            };
            if version(read) == version(&self.secrets) {
                self.secrets.retain(|secret| secret_name(secret.generation) != *name);
            }
        }
    }

    fn perform(&mut self, clone: usize, parts: usize) {
        let Some((step, read)) = self.clones[clone].decided.take() else { return };
        if parts == 0 {
            return;
        }
        match step {
            NextStep::Create { name, generation } => {
                if self.named(&name).is_none() {
                    self.tokens += 1;
                    let (token, is_begun) = (self.tokens, true);
                    let empty = Secret { generation, token, is_filled: false, is_begun, is_sealed: false, version: 0 };
                    self.secrets.push(empty);
                }
            }
            NextStep::AwaitToken(name) if !self.controllers => self.delete(&[name], &read, parts),
            NextStep::Seal(name) => {
                let Some(secret) = self.named(&name).filter(|secret| secret.is_filled) else { return };
                let proven = read.iter().find(|one| one.token == secret.token).map(|one| one.token);
                let Some(token) = proven else { return };
                secret.is_sealed = true;
                secret.version += 1;
                if parts > 1 {
                    self.clones[clone].file = token;
                }
            }
            NextStep::Commit => {
                self.clones[clone].head = self.clones[clone].file;
                self.clones[clone].is_ahead = true;
            }
            NextStep::Push => {
                let Clone { head, base, .. } = self.clones[clone];
                if base == self.upstream.1 {
                    self.upstream = (head, base + 1);
                    self.clones[clone].fetched = self.upstream;
                    self.clones[clone].base = base + 1;
                    self.clones[clone].is_ahead = false;
                }
            }
            NextStep::Revoke { keep, sealed_in, names } => {
                let copy = self.situation(clone, Intent::Finish).copies.at(sealed_in);
                let Some(secret) = self.named(&keep).map(|secret| &*secret) else { return };
                if copy == sealed(secret.token) {
                    self.delete(&names, &read, parts);
                }
            }
            NextStep::DeleteOrphans(names) => self.delete(&names, &read, parts),
            NextStep::AwaitToken(_) | NextStep::Done | NextStep::Stop(_) => {}
        }
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Decide(clone, intent) => drop(self.decide(clone, intent)),
            Event::Do(clone, parts) => self.perform(clone, parts),
            Event::Go(clone, intent, parts) => {
                self.decide(clone, intent);
                self.perform(clone, parts);
            }
            Event::Fetch(clone) => self.clones[clone].fetched = self.upstream,
            Event::Pull(clone) => {
                if !self.clones[clone].is_ahead && self.clones[clone].file == self.clones[clone].head {
                    self.reset(clone);
                }
            }
            Event::Restore(clone) => self.clones[clone].file = self.clones[clone].head,
            // What was revoked on the strength of a commit alone must not be taken back.
            Event::Reset(_) if self.revoke_when == RevokeWhen::Committed => {}
            Event::Reset(clone) => self.reset(clone),
            Event::Controllers(on) => self.controllers = on,
        }
        if self.controllers {
            self.secrets.iter_mut().filter(|secret| !secret.is_filled).for_each(|secret| {
                secret.is_filled = true;
                secret.version += 1;
            });
        }
    }

    fn reset(&mut self, clone: usize) {
        let (token, base) = self.upstream;
        let (file, head, fetched, decided) = (token, token, self.upstream, self.clones[clone].decided.take());
        self.clones[clone] = Clone { file, head, fetched, base, is_ahead: false, decided };
    }

    fn opens(&self, token: u32) -> bool {
        self.secrets.iter().any(|secret| secret.is_filled && secret.token == token)
    }

    /// What must hold at every moment.
    fn is_safe(&self) -> bool {
        match self.revoke_when {
            // What everybody gets who clones the fleet.
            RevokeWhen::Pushed => self.opens(self.upstream.0),
            RevokeWhen::Committed => {
                self.opens(self.upstream.0) || self.clones.iter().any(|clone| self.opens(clone.head))
            }
        }
    }

    /// Lets both clones go on undisturbed, as their people would, until nothing is left to do.
    fn settle(&mut self) {
        self.happen(Event::Controllers(true));
        for turn in 0..24 {
            let clone = turn / 8 % 2;
            self.happen(Event::Fetch(clone));
            match self.decide(clone, Intent::Finish) {
                NextStep::Done => {}
                NextStep::Stop(_) => self.reset(clone),
                // Somebody else was first.
                NextStep::Push if self.clones[clone].base != self.upstream.1 => self.reset(clone),
                _ => self.happen(Event::Do(clone, usize::MAX)),
            }
        }
        for clone in 0..2 {
            assert_eq!(self.decide(clone, Intent::Finish), NextStep::Done, "{self:?}");
        }
        let alive: Vec<_> = self.secrets.iter().map(|secret| secret.token).collect();
        assert_eq!(alive, [self.upstream.0], "exactly what is published opens the cluster: {self:?}");
    }
}

fn event() -> impl Strategy<Value = Event> {
    let intent = prop_oneof![Just(Intent::Rotate), Just(Intent::Finish)];
    prop_oneof![
        12 => (0..2_usize, intent.clone(), 0..4_usize).prop_map(|(clone, intent, parts)| Event::Go(clone, intent, parts)),
        3 => (0..2_usize, intent).prop_map(|(clone, intent)| Event::Decide(clone, intent)),
        3 => (0..2_usize, 0..4_usize).prop_map(|(clone, parts)| Event::Do(clone, parts)),
        1 => (0..2_usize).prop_map(Event::Fetch),
        2 => (0..2_usize).prop_map(Event::Pull),
        1 => (0..2_usize).prop_map(Event::Restore),
        1 => (0..2_usize).prop_map(Event::Reset),
        1 => any::<bool>().prop_map(Event::Controllers),
    ]
}

proptest! {
    #[test]
    fn whatever_happens_in_whatever_order_a_committed_file_opens_the_cluster(
        events in vec(event(), 0..120),
        at_once in any::<bool>(),
    ) {
        let revoke_when = if at_once { RevokeWhen::Committed } else { RevokeWhen::Pushed };
        let mut world = World::new(revoke_when);
        for event in events {
            let before = world.clone();
            world.happen(event);
            prop_assert!(world.is_safe(), "{event:?} in {before:?} led to {world:?}");
        }
        if !at_once {
            world.settle();
            let before = world.upstream.0;
            world.happen(Event::Go(0, Intent::Rotate, usize::MAX));
            world.settle();
            prop_assert!(world.upstream.0 > before, "nothing was rotated: {world:?}");
        }
    }
}
