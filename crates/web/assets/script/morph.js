// Changes `old` into `next` with as little as possible, so that focus, selection, typed text, open menus and scroll
// positions stay. Children are matched by `id` or `data-key`, the others by place and tag. What a person did to the
// page is theirs: whether a menu is open, a box is ticked, a field is filled, a row glows. The value of a button is what it
// does, and must become what it says.
const isTheirs = (node, name) =>
  name === "open" || name === "checked" || (name === "value" && node.matches("input:not([type=hidden])"));

function keyOf(node) {
  return node.id || node.dataset?.key;
}

function morph(old, next) {
  if (old.isEqualNode(next)) return;
  for (const { name } of [...old.attributes]) {
    if (!next.hasAttribute(name) && !isTheirs(old, name)) old.removeAttribute(name);
  }
  for (const { name, value } of next.attributes) {
    if (old.getAttribute(name) !== value && !isTheirs(old, name)) old.setAttribute(name, value);
  }
  const keyed = new Map([...old.childNodes].filter(keyOf).map((child) => [keyOf(child), child]));
  let place = old.firstChild;
  for (const child of [...next.childNodes]) {
    const key = keyOf(child);
    let match = key ? keyed.get(key) : place;
    if (!key && match && (keyOf(match) || match.nodeName !== child.nodeName)) match = null;
    if (!match) {
      old.insertBefore(child, place);
      continue;
    }
    if (match === place) place = place.nextSibling;
    else moveBefore(old, match, place);
    if (match.nodeType === Node.ELEMENT_NODE) morph(match, child);
    else if (match.nodeValue !== child.nodeValue) match.nodeValue = child.nodeValue;
  }
  while (place) {
    const gone = place;
    place = place.nextSibling;
    gone.remove();
  }
}

// Brings the rows of a table into the order that `next` names, with the rows that it brings; those that it does not
// name go. Says whether a named row is missing, so that the whole must be asked for again.
function morphRows(table, next) {
  const rows = new Map([...table.tBodies].map((row) => [row.dataset.key, row]));
  const news = new Map([...next.tBodies].map((row) => [row.dataset.key, row]));
  const order = next.dataset.order.split(" ").filter(Boolean);
  table.dataset.order = next.dataset.order;
  let place = table.tBodies[0] ?? null;
  let complete = true;
  for (const key of order) {
    const [old, fresh] = [rows.get(key), news.get(key)];
    const row = old ?? fresh;
    if (!row) {
      complete = false;
      continue;
    }
    const changed = fresh && fresh.dataset.version !== old?.dataset.version;
    if (old && fresh) morph(old, fresh);
    if (changed) glow(row);
    if (row === place) place = place.nextElementSibling;
    else moveBefore(table, row, place);
    rows.delete(key);
  }
  for (const gone of rows.values()) gone.remove();
  return complete;
}

// Moving an element takes the focus from what is inside it.
function moveBefore(table, row, place) {
  const focused = row.contains(document.activeElement) ? document.activeElement : null;
  table.insertBefore(row, place);
  focused?.focus({ preventScroll: true });
}

function glow(row) {
  row.classList.remove("fresh");
  void row.offsetWidth; // begins the animation anew
  row.classList.add("fresh");
}
