// The page of a search answers while somebody types: the stream is opened anew with what is asked, and brings the answer.
const field = document.getElementById("q");
const ask = () => {
  const asked = new URLSearchParams(new FormData(field.form));
  const address = field.form.getAttribute("action");
  history.replaceState(null, "", `${address}?${asked}`);
  page.dataset.live = `${address}/events?${asked}`;
  connect();
};
let asking;

// What was typed between the key that leads here and now belongs into the field.
let typed = null;
let waiting;
// The page stays after all, as after the browser's *Stop*, or it comes back.
function stay() {
  if (typed !== null) sessionStorage.removeItem("typed");
  typed = null;
}
addEventListener("pageshow", stay);
addEventListener("pagehide", () => clearTimeout(waiting));
if (field) {
  field.value += sessionStorage.getItem("typed") ?? "";
  sessionStorage.removeItem("typed");
  field.setSelectionRange(field.value.length, field.value.length);
  if (field.value !== field.defaultValue) ask();
}

field?.addEventListener("input", () => {
  clearTimeout(asking);
  asking = setTimeout(ask, 200);
});

// Where to search: on its own page. What was typed before stays, marked, so that typing begins anew.
function find() {
  if (field) {
    field.focus();
    field.select();
  } else {
    stay();
    typed = "";
    clearTimeout(waiting);
    waiting = setTimeout(stay, 2000);
    document.getElementById("find")?.click();
  }
}

// Whether the page is about to be left for the search: no letter must mean anything here any more.
function typedAhead(event) {
  if (typed === null || event.key.length !== 1) return false;
  sessionStorage.setItem("typed", (typed += event.key));
  event.preventDefault();
  return true;
}

// Down from the field into what was found, and up again.
function move(by) {
  const links = rowLinks();
  if (document.activeElement === field) {
    if (by > 0) links[0]?.focus();
  } else if (by < 0 && document.activeElement === links[0]) field.focus();
  else if (links.includes(document.activeElement)) step(by);
  else return false;
  return true;
}

// First out of what was found, then out of what was asked, then back to where somebody came from.
function leave() {
  if (document.activeElement !== field) field.focus();
  else if (field.value) {
    field.value = "";
    ask();
  } else if (document.referrer.startsWith(location.origin)) history.back();
}
