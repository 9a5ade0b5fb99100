// Has the identity provider confirm the session before the identity runs out. One page at a time, and once for each
// identity: a refresh token that is used twice ends the session at the provider, and one whose answer was lost may have
// been used. The storage tells the other pages which identity was tried last, by its end, and until when the new one is
// good; 0 if there is none. Then nothing more is tried: the next page that is loaded goes through the provider.
const { refresh, left } = document.body.dataset;

function confirmLater(end) {
  const seconds = (end - Date.now()) / 1000;
  const due = () => confirmSession(end);
  const wait = Math.max(seconds - 45, seconds / 2, 0);
  // Only secure contexts have locks.
  setTimeout(() => (navigator.locks ? navigator.locks.request(refresh, due) : due()), 1000 * wait);
}

async function confirmSession(end) {
  let [tried, until] = (localStorage.getItem(refresh) ?? "0 0").split(" ").map(Number);
  if (tried < end - 5000) {
    localStorage.setItem(refresh, `${end} 0`);
    // Its answer is taken in even if this page is left meanwhile.
    const answer = await fetch(refresh, { method: "POST", keepalive: true }).catch(() => null);
    if (!answer?.ok) return;
    until = Date.now() + 1000 * Number(answer.headers.get("fanlight-expires-in"));
    localStorage.setItem(refresh, `${end} ${until}`);
  }
  if (until <= Date.now()) return;
  confirmLater(until);
  if (page && !document.hidden) connect();
}

if (refresh) confirmLater(Date.now() + 1000 * Number(left));
