use super::{NextStep, Obstacle, Place, RevokeWhen, SealedCopy, Situation, Standing, Token};

/// A situation with what is looked up in it again and again.
pub(super) struct View<'a> {
    situation: &'a Situation,
    /// The copy that decides what is published.
    decisive: Place,
}

impl<'a> View<'a> {
    pub(super) fn new(situation: &'a Situation) -> Self {
        let copies = &situation.copies;
        let decisive = match (copies.head, copies.upstream, situation.revoke_when) {
            (SealedCopy::NoPlace, _, _) => Place::File,
            (_, SealedCopy::NoPlace, _) | (_, _, RevokeWhen::Committed) => Place::Head,
            _ => Place::Upstream,
        };
        Self { situation, decisive }
    }

    /// The token in the cluster that the copy at this place opens it with.
    fn alive_at(&self, place: Place) -> Option<&'a Token> {
        let SealedCopy::Token(sealed) = self.situation.copies.at(place) else { return None };
        self.situation.tokens.iter().find(|token| token.hash == Some(sealed))
    }

    pub(super) fn generation_at(&self, place: Place) -> Option<u32> {
        self.alive_at(place)?.generation
    }

    /// The highest generation there is.
    pub(super) fn newest(&self) -> Option<u32> {
        self.situation.tokens.iter().filter_map(|token| token.generation).max()
    }

    pub(super) fn standing(&self, token: &Token) -> Standing {
        let holds = |(place, copy)| (token.hash.map(SealedCopy::Token) == Some(copy)).then_some(place);
        let places: Vec<_> = self.situation.copies.all().into_iter().filter_map(holds).collect();
        if !places.is_empty() {
            return Standing::Sealed(places);
        }
        let Some(generation) = token.generation else { return Standing::ByHand };
        if self.generation_at(self.decisive).is_some_and(|published| generation < published) {
            return Standing::Superseded;
        }
        match (&token.begun_by, &token.sealed_by) {
            (Some(_), _) if self.newest() == Some(generation) => Standing::Pending,
            // Only what has never left a rotation's memory is nobody's for certain: what was sealed may be in a copy that
            // this clone has not fetched.
            (Some(_), None) => Standing::Orphan,
            _ => Standing::Unsealed,
        }
    }

    pub(super) fn obstacle(&self) -> Option<Obstacle> {
        let copies = self.situation.copies.all();
        if let Some((place, _)) = copies.iter().find(|(_, copy)| *copy == SealedCopy::Closed) {
            return Some(Obstacle::Closed(*place));
        }
        for (inner, outer) in
            [(Place::Head, Place::Upstream), (Place::File, Place::Head), (Place::File, Place::Upstream)]
        {
            let (Some(newer), older) = (self.alive_at(outer), self.alive_at(inner)) else { continue };
            // A dead token further in, under a living one further out, was revoked by somebody who has published since.
            let is_behind = match older {
                Some(older) => older.generation < newer.generation,
                None => matches!(self.situation.copies.at(inner), SealedCopy::Token(_) | SealedCopy::Nothing),
            };
            if is_behind {
                return Some(Obstacle::Behind { inner, outer });
            }
        }
        None
    }

    pub(super) fn names(&self, is_one: impl Fn(&Token) -> bool) -> Vec<String> {
        self.situation.tokens.iter().filter(|token| is_one(token)).map(|token| token.name.clone()).collect()
    }

    pub(super) fn pending(&self) -> Option<&'a Token> {
        self.situation.tokens.iter().find(|token| self.standing(token) == Standing::Pending)
    }

    /// Whether the copy further in has a token in the cluster that the copy further out does not have yet.
    pub(super) fn is_ahead(&self, inner: Place, outer: Place) -> bool {
        let (inner_copy, outer_copy) = (self.situation.copies.at(inner), self.situation.copies.at(outer));
        outer_copy != SealedCopy::NoPlace && self.alive_at(inner).is_some() && inner_copy != outer_copy
    }

    /// What may go, given that the decisive copy opens the cluster.
    pub(super) fn revoke(&self) -> Option<NextStep> {
        let keep = self.alive_at(self.decisive)?;
        let names = self.names(|token| match self.standing(token) {
            Standing::Superseded => true,
            Standing::Sealed(_) => token.generation.is_some() && token.generation < keep.generation,
            _ => false,
        });
        (!names.is_empty()).then(|| NextStep::Revoke { keep: keep.name.clone(), sealed_in: self.decisive, names })
    }
}
