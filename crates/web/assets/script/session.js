// Has the identity provider confirm the session before the identity runs out. One page at a time, and once for each
// identity: a refresh token that is used twice ends the session at the provider, and one whose answer was lost may have
// been used. An identity is named by its end in the server's words, so that all pages have the same name for it however
// long they took to load. The storage tells them which one was tried last, until when the newest is good and what that
// is named; 0 if there is none. Then nothing more is tried: the next page that is loaded goes through the provider.
// Which one is newer the storage alone says, and not its name: whoever signs in anew may get an identity that ends
// earlier than that of a page which is open already. Such a page goes on with the newest, as all do.
const { refresh, identity, left } = document.body.dataset;
const newest = () => (localStorage.getItem(refresh) ?? "0 0 0").split(" ").map(Number);

function confirmLater(identity, end) {
  const seconds = (end - Date.now()) / 1000;
  const due = () => confirmSession(identity);
  const wait = Math.max(seconds - 45, seconds / 2, 0);
  // Only secure contexts have locks.
  setTimeout(() => (navigator.locks ? navigator.locks.request(refresh, due) : due()), 1000 * wait);
}

async function confirmSession(identity) {
  let [, until, next] = newest();
  if (next === identity) {
    localStorage.setItem(refresh, `${identity} 0 0`);
    // Its answer is taken in even if this page is left meanwhile.
    const answer = await fetch(refresh, { method: "POST", keepalive: true }).catch(() => null);
    if (!answer?.ok) return;
    until = Date.now() + 1000 * Number(answer.headers.get("fanlight-expires-in"));
    next = Number(answer.headers.get("fanlight-identity"));
    // A provider whose own session is near its end gives identities that end no later.
    if (!(next > identity)) return;
    localStorage.setItem(refresh, `${identity} ${until} ${next}`);
  }
  if (!next) return;
  confirmLater(next, until);
  if (until > Date.now() && page && !document.hidden) connect();
}

if (refresh) {
  const [mine, end] = [Number(identity), Date.now() + 1000 * Number(left)];
  const [tried, , next] = newest();
  // Neither the newest nor the one before it: there was a sign-in.
  if (mine !== tried && mine !== next) localStorage.setItem(refresh, `0 ${end} ${mine}`);
  confirmLater(mine, end);
}
