// Keeps the part of the page that is marked `data-live` current, from an event stream.
const part = document.querySelector("[data-live]");
const mark = document.querySelector(".mark");
let source, pause = 500, lastWord = new Date();

const clock = (date) => date.toLocaleTimeString([], { hour12: false });

function ages() {
  for (const time of document.querySelectorAll("td time")) {
    const seconds = Math.max(0, (Date.now() - Date.parse(time.dateTime)) / 1000);
    const [size, unit] = [[86400, "d"], [3600, "h"], [60, "m"], [1, "s"]].find(([size]) => seconds >= size) ?? [1, "s"];
    time.textContent = Math.floor(seconds / size) + unit;
  }
}

// Replaces what differs and leaves the rest alone, so that focus, open menus and scroll stay where they are.
function morph(next) {
  const rows = new Map([...part.querySelectorAll("tbody[data-key]")].map((row) => [row.dataset.key, row]));
  const focused = document.activeElement?.closest?.("tbody[data-key]")?.dataset.key;
  for (const row of next.querySelectorAll("tbody[data-key]")) {
    const old = rows.get(row.dataset.key);
    if (old && old.dataset.version === row.dataset.version) row.replaceWith(old);
    else row.classList.add("fresh");
  }
  const open = [...part.querySelectorAll("details[open]")].map((menu) => menu.id);
  part.replaceChildren(...next.childNodes);
  open.forEach((id) => document.getElementById(id)?.setAttribute("open", ""));
  if (focused) part.querySelector(`tbody[data-key="${CSS.escape(focused)}"] a`)?.focus({ preventScroll: true });
  ages();
}

function connect() {
  source = new EventSource(part.dataset.live + location.search);
  source.addEventListener("view", (event) => {
    const template = document.createElement("template");
    template.innerHTML = event.data;
    morph(template.content);
    [pause, lastWord] = [500, new Date()];
    mark.classList.remove("off");
    mark.textContent = "live";
  });
  source.addEventListener("end", () => location.reload());
  source.onerror = () => {
    source.close();
    mark.classList.add("off");
    mark.textContent = `reconnecting, as of ${clock(lastWord)}`;
    setTimeout(() => document.hidden || connect(), pause * (0.5 + Math.random() / 2));
    pause = Math.min(pause * 2, 15000);
  };
}

if (part) {
  ages();
  setInterval(ages, 5000);
  connect();
  document.addEventListener("visibilitychange", () => {
    source.close();
    if (!document.hidden) connect();
  });
}
document.addEventListener("keydown", (event) => {
  if (event.key === "/" && !event.target.closest("input, select, textarea")) {
    event.preventDefault();
    document.querySelector("input[name=search]")?.focus();
  }
});
