// Lines of logs. They come in batches; a page keeps so many, and lets the oldest go. Who opens the stream again is told a
// little of what the page has already, since containers write at the same time: that is left out here.
const KEPT = 5000;
const OVERLAP = 5_000_000_000n;
const log = document.getElementById("lines");
// By container: the time of its last line, how many of that time there are, and how many of them came again.
const lastLines = new Map();
let lastTime = "";

if (log) {
  for (const line of log.children) note(line);
  toEnd();
}

// Where the stream goes on.
function whereFrom(address) {
  if (!log || !lastTime) return address;
  for (const last of lastLines.values()) [last.again, last.begun] = [0, false];
  const url = new URL(address, location);
  url.searchParams.set("after", lastTime);
  return url.href;
}

function note(line) {
  const { s: source, t: time } = line.dataset;
  if (!time) return;
  if (time > lastTime) lastTime = time;
  const last = lastLines.get(source);
  if (!last || time > last.time) lastLines.set(source, { time, count: 1, again: null, begun: true });
  else if (time === last.time) last.count += 1;
}

// Whether the page does not have a line yet; the server tells them again from some time before the last one on.
function isNew(line) {
  const { s: source, t: time } = line.dataset;
  const last = lastLines.get(source);
  if (!time || !last || last.again === null) return true;
  if (time < last.time) return false;
  if (time === last.time && (last.again += 1) <= last.count) return false;
  last.again = null;
  return true;
}

// Whether something is missing before a line: what the page had last of this container did not come again.
function skips(line) {
  const last = lastLines.get(line.dataset.s);
  if (!last || last.begun) return false;
  last.begun = true;
  return line.dataset.t > last.time && BigInt(last.time) >= BigInt(lastTime) - OVERLAP;
}

function isAtEnd() {
  return log.scrollHeight - log.scrollTop - log.clientHeight < 8;
}

function toEnd() {
  log.scrollTop = log.scrollHeight;
}

function addLines(batch) {
  const [follow, latest] = [isAtEnd(), lastTime];
  const inOrder = document.createDocumentFragment();
  for (const line of [...batch.children]) {
    const gap = skips(line);
    if (!isNew(line)) continue;
    if (gap) inOrder.append(missing());
    note(line);
    // What another container wrote before the last line that is here.
    if (line.dataset.t && line.dataset.t < latest) putBefore(line);
    else inOrder.append(line);
  }
  log.append(inOrder);
  const surplus = log.children.length - KEPT;
  if (surplus > 0) {
    const range = document.createRange();
    range.setStartBefore(log.firstElementChild);
    range.setEndAfter(log.children[surplus - 1]);
    range.deleteContents();
    document.getElementById("lines-cut").hidden = false;
  }
  if (follow) toEnd();
}

// What somebody may not read any more. If they may again, it comes again.
function dropLines(sources) {
  for (const source of sources) lastLines.delete(source);
  for (const line of [...log.children]) if (sources.includes(line.dataset.s)) line.remove();
}

// Into the order of time, as far back as is plausible.
function putBefore(line) {
  let place = null;
  let before = log.lastElementChild;
  for (let steps = 0; before && steps < 500 && before.dataset.t > line.dataset.t; steps += 1) {
    place = before;
    before = before.previousElementSibling;
  }
  log.insertBefore(line, place);
}

function missing() {
  const gap = document.createElement("li");
  gap.className = "gap";
  gap.textContent = "Lines may be missing here: more was written than could be told.";
  return gap;
}

// Whether long lines go on below, without reading all of it again.
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-wrap]");
  if (!link || !log || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const follow = isAtEnd();
  const inOne = log.classList.toggle("in-one");
  const [here, other] = [location.href, link.href];
  history.replaceState(null, "", other);
  link.href = here;
  link.textContent = inOne ? "Wrap long lines" : "Long lines in one";
  if (follow) toEnd();
});
