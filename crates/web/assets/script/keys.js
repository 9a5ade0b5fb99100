// The keyboard. None of these while somebody types, nor with Ctrl, Alt or Meta.
const rowLinks = () => [...document.querySelectorAll("#rows tbody .name a")];
let goingTo = false;

function step(by) {
  const links = rowLinks();
  const here = links.indexOf(document.activeElement?.closest("tbody")?.querySelector(".name a"));
  const next = links[here < 0 ? (by > 0 ? 0 : links.length - 1) : Math.min(Math.max(here + by, 0), links.length - 1)];
  next?.focus();
  next?.scrollIntoView({ block: "nearest" });
}

const KEYS = {
  "/": find,
  f: () => document.querySelector("form.search input[type=search]")?.focus(),
  "?": () => document.getElementById("keys")?.showModal(),
  j: () => step(1),
  k: () => step(-1),
  x: () => document.activeElement?.closest("tbody")?.querySelector("input[name=object]")?.click(),
  s: () => {
    const menu = document.getElementById("suspend");
    if (!menu || menu.closest("[hidden]")) return;
    menu.open = true;
    menu.querySelector("input").focus();
  },
  r: () => {
    // A preview wants its own button pressed.
    const button = (value) => document.querySelector(`form.act:not([hidden], .once) button[value=${value}]`);
    (button("sync-with-source") ?? button("sync"))?.click();
  },
  g: () => {
    goingTo = true;
    setTimeout(() => (goingTo = false), 1200);
  },
};

document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && event.key === "k") {
    event.preventDefault();
    return find();
  }
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  if (typedAhead(event)) return;
  const typing = event.target.closest("input:not([type=checkbox]), select, textarea, dialog");
  if (event.key === "Escape") {
    if (typing?.matches("input[type=search]") && typing !== field) typing.blur();
    const menu = event.target.closest("details[open]") ?? document.querySelector("details.menu[open]");
    if (menu) {
      menu.open = false;
      menu.querySelector("summary").focus();
    } else if (field && !boxes().some((box) => box.checked) && !event.target.closest("dialog")) {
      event.preventDefault();
      leave();
    } else if (!typing) selectNothing();
    return;
  }
  if (field && (event.key === "ArrowDown" || event.key === "ArrowUp") && move(event.key === "ArrowDown" ? 1 : -1)) {
    event.preventDefault();
    return;
  }
  const way = goingTo && /^[a-z]$/.test(event.key) && document.querySelector(`a[data-place=${event.key}]`);
  const act = !typing && (way ? () => way.click() : KEYS[event.key]);
  if (!act) return;
  event.preventDefault();
  act();
});

// One menu at a time, and none after a click elsewhere.
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});
