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

// Whoever comes with a question goes on typing behind it.
field?.setSelectionRange(field.value.length, field.value.length);

field?.addEventListener("input", () => {
  clearTimeout(asking);
  asking = setTimeout(ask, 200);
});

// Where to search: on its own page. What was typed before stays, marked, so that typing begins anew.
function find() {
  if (field) {
    field.focus();
    field.select();
  } else document.getElementById("find")?.click();
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
