// Has the identity provider confirm the session before the identity runs out. One page at a time, since a refresh token
// may be good only once; the other pages see in the storage that it was done.
const { refresh, left } = document.body.dataset;

function confirmLater(seconds) {
  const planned = Date.now();
  const due = () => confirmSession(planned, planned + 1000 * seconds);
  const wait = Math.max(seconds - 45, seconds / 2);
  // Only secure contexts have locks.
  setTimeout(() => (navigator.locks ? navigator.locks.request(refresh, due) : due()), 1000 * wait);
}

async function confirmSession(planned, end) {
  let [done, until] = (localStorage.getItem(refresh) ?? "0 0").split(" ").map(Number);
  if (done < planned) {
    const answer = await fetch(refresh, { method: "POST" }).catch(() => null);
    if (!answer?.ok) {
      // Once it has run out, the next page that is loaded goes through the provider.
      if (end - Date.now() > 5000) confirmLater((end - Date.now()) / 1000);
      return;
    }
    done = Date.now();
    until = done + 1000 * Number(answer.headers.get("fanlight-expires-in"));
    localStorage.setItem(refresh, `${done} ${until}`);
  }
  confirmLater(Math.max(10, (until - Date.now()) / 1000));
  if (page && !document.hidden) connect();
}

if (refresh) confirmLater(Number(left));
