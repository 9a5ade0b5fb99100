// A drawing is scrolled by the browser; this makes it larger and smaller, lets it be dragged, and remembers for the next
// page what part of it somebody looked at.
const LEAST = 0.01, MOST = 3;

const windows = () => [...document.querySelectorAll("[data-diagram] .window")];
// What part of each drawing somebody looks at, and how large, by its id.
const looks = new Map();

function lookOf(view) {
  const id = view.closest("[data-diagram]").dataset.diagram;
  if (!looks.has(id)) {
    let kept = null;
    try {
      kept = JSON.parse(sessionStorage.getItem(`diagram ${id}`));
    } catch {
      // A browser that keeps nothing shows the beginning.
    }
    looks.set(id, { zoom: 1, left: 0, top: 0, ...kept, isNew: kept === null });
  }
  return looks.get(id);
}

function remember(view) {
  const look = Object.assign(lookOf(view), { left: view.scrollLeft, top: view.scrollTop });
  try {
    sessionStorage.setItem(`diagram ${view.closest("[data-diagram]").dataset.diagram}`, JSON.stringify(look));
  } catch {
    // It is remembered for this page.
  }
}

// Sizes are the server's each time that it sends the drawing.
function draw(view) {
  const svg = view.querySelector("svg");
  const { zoom } = lookOf(view);
  svg.style.width = `${svg.viewBox.baseVal.width * zoom}px`;
  svg.style.height = `${svg.viewBox.baseVal.height * zoom}px`;
}

function diagrams() {
  for (const view of windows()) draw(view);
}

// The point at (x, y) of what is seen stays where it is.
function zoomTo(view, wanted, x = view.clientWidth / 2, y = view.clientHeight / 2) {
  const look = lookOf(view);
  const zoom = Math.min(MOST, Math.max(LEAST, wanted));
  const [left, top] = [view.scrollLeft + x, view.scrollTop + y].map((at) => (at / look.zoom) * zoom);
  look.zoom = zoom;
  draw(view);
  view.scrollTo({ left: left - x, top: top - y, behavior: "instant" });
  remember(view);
}

function zoomBy(view, way) {
  const { zoom } = lookOf(view);
  const { width, height } = view.querySelector("svg").viewBox.baseVal;
  const fit = Math.min(1, view.clientWidth / width, view.clientHeight / height);
  zoomTo(view, { in: zoom * 1.25, out: zoom / 1.25, fit, full: 1 }[way]);
}

// Who has not looked yet looks at what the drawing is about first.
function centre(view, node) {
  const [box, frame] = [node, view].map((one) => one.getBoundingClientRect());
  const left = box.left - frame.left - (view.clientWidth - box.width) / 2;
  const top = box.top - frame.top - (view.clientHeight - box.height) / 2;
  view.scrollBy({ left, top, behavior: "instant" });
}

const windowOf = (event) => event.target.closest?.("[data-diagram] .window");
let drag = null;

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-diagram] button[data-zoom]");
  if (button) zoomBy(button.closest("[data-diagram]").querySelector(".window"), button.dataset.zoom);
});

document.addEventListener("keydown", (event) => {
  const view = windowOf(event);
  if (!view || event.ctrlKey || event.altKey || event.metaKey) return;
  const way = { "+": "in", "=": "in", "-": "out", 0: "fit", 1: "full" }[event.key];
  if (!way) return;
  event.preventDefault();
  zoomBy(view, way);
});

// Pinching arrives as a wheel with Ctrl.
document.addEventListener("wheel", (event) => {
  const view = event.ctrlKey && windowOf(event);
  if (!view) return;
  event.preventDefault();
  const box = view.getBoundingClientRect();
  const zoom = lookOf(view).zoom * Math.exp(-event.deltaY / 300);
  zoomTo(view, zoom, event.clientX - box.left, event.clientY - box.top);
}, { passive: false });

// Fingers scroll; a mouse drags.
document.addEventListener("pointerdown", (event) => {
  const view = windowOf(event);
  if (!view || event.pointerType !== "mouse" || event.button !== 0) return;
  drag = { view, x: event.clientX, y: event.clientY, left: view.scrollLeft, top: view.scrollTop, moved: false };
});

document.addEventListener("pointermove", (event) => {
  if (!drag) return;
  const [x, y] = [event.clientX - drag.x, event.clientY - drag.y];
  if (!drag.moved && Math.hypot(x, y) < 5) return;
  drag.moved = true;
  drag.view.classList.add("dragged");
  drag.view.scrollTo({ left: drag.left - x, top: drag.top - y, behavior: "instant" });
});

for (const end of ["pointerup", "pointercancel"]) {
  document.addEventListener(end, () => {
    const view = drag?.view;
    // The click that follows belongs to the drag.
    if (drag?.moved) setTimeout(() => view.classList.remove("dragged"));
    drag = null;
  });
}

document.addEventListener("dragstart", (event) => windowOf(event) && event.preventDefault());
document.addEventListener("click", (event) => {
  if (windowOf(event)?.classList.contains("dragged")) event.preventDefault();
}, true);
document.addEventListener("scroll", (event) => {
  if (event.target.matches?.("[data-diagram] .window")) remember(event.target);
}, { capture: true, passive: true });

for (const view of windows()) {
  const { left, top, isNew } = lookOf(view);
  draw(view);
  const own = isNew && view.querySelector(".node.own");
  if (own) centre(view, own);
  else view.scrollTo({ left, top, behavior: "instant" });
}
