// Keeps a page current, from the event stream that `data-live` names. Each event brings pieces: elements with the id of
// the one they replace. A stream that ends is opened again, ever more slowly; a hidden page has none, since a browser
// opens only six connections to a host over HTTP/1.1.
const page = document.querySelector("[data-live]");
const mark = document.getElementById("mark");
let source, pause = 500, lastWord = new Date(), retry, heard = false, paused = false;

function say(word, live) {
  if (mark.textContent !== word) mark.textContent = word;
  mark.classList.toggle("off", !live);
}

function put(piece) {
  const old = document.getElementById(piece.id);
  if (!old) return true;
  if (piece.dataset.add !== undefined) addLines(piece);
  else if (piece.dataset.drop !== undefined) dropLines(piece.dataset.drop.split(" "));
  else if (piece.dataset.order === undefined) morph(old, piece);
  else return morphRows(old, piece);
  return true;
}

async function leaveIfRefused() {
  const answer = await fetch(page.dataset.live, { method: "HEAD" }).catch(() => null);
  // Where something on the way refuses streams alone, loading the page anew would never end.
  if (answer?.status === 401 || (answer?.status === 403 && heard)) location.reload();
}

function connect() {
  clearTimeout(retry);
  source?.close();
  if (paused) return;
  source = new EventSource(whereFrom(page.dataset.live));
  source.addEventListener("pieces", (event) => {
    const template = document.createElement("template");
    template.innerHTML = event.data;
    const complete = [...template.content.children].map(put).every(Boolean);
    ages();
    times();
    selectionChanged();
    diagrams();
    [pause, lastWord, heard] = [500, new Date(), true];
    say("live", true);
    if (!complete) connect();
  });
  source.addEventListener("quiet", () => (lastWord = new Date()));
  source.addEventListener("end", () => location.reload());
  source.onerror = () => {
    // An event source does not tell with which status it was refused.
    if (source.readyState === EventSource.CLOSED) leaveIfRefused();
    source.close();
    say(`reconnecting, as of ${lastWord.toLocaleTimeString([], { hour12: false })}`, false);
    retry = setTimeout(() => document.hidden || connect(), pause * (0.5 + Math.random() / 2));
    pause = Math.min(pause * 2, 15000);
  };
}

ages();
if (page) {
  connect();
  // The end of the stream would load this page anew, and so stop the way out.
  for (const out of document.querySelectorAll("form[action$='/oauth2/logout']")) {
    out.addEventListener("submit", () => source.close());
  }
  document.addEventListener("visibilitychange", () => (document.hidden ? source.close() : connect()));
}
