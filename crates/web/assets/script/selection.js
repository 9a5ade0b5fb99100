// Ticked rows, and the bar that acts on them.
document.documentElement.classList.add("script");
const boxes = () => [...document.querySelectorAll("#rows input[name=object]")];

function selectionChanged() {
  const bar = document.getElementById("act");
  if (!bar) return;
  const ticked = boxes().filter((box) => box.checked);
  for (const box of boxes()) box.closest("tbody").classList.toggle("selected", box.checked);
  bar.hidden = ticked.length === 0;
  sayRefused(bar, ticked);
  // Of several a page says first what will happen to them.
  for (const button of bar.querySelectorAll("button[name=action]")) {
    button.dataset.word ??= button.textContent;
    button.textContent = button.dataset.word + (ticked.length > 1 ? "…" : "");
  }
  document.getElementById("selected").textContent = `${ticked.length} selected`;
  const all = document.getElementById("all");
  all.checked = ticked.length > 0 && ticked.length === boxes().length;
  all.indeterminate = ticked.length > 0 && !all.checked;
}

// What may not be changed is said before it is tried; only where that is all of the selected, the buttons are dead.
function sayRefused(bar, ticked) {
  const places = new Map([...bar.querySelectorAll("[data-of]")].map((item) => [item.dataset.of, item.textContent]));
  const where = ticked.map((box) => places.get(box.value.split("/", 2).join("/")));
  const named = [...new Set(where.filter(Boolean))];
  const more = named.length > 4 ? ` and ${named.splice(3).length} more` : "";
  const said = named.length ? `${bar.querySelector("[data-says]").dataset.says} ${named.join(", ")}${more}` : "";
  const none = said !== "" && where.every(Boolean);
  document.getElementById("refused").textContent = said && `${said}.`;
  for (const button of bar.querySelectorAll("button, summary")) {
    button.dataset.title ??= button.disabled ? "" : button.title;
    button.title = none ? said : button.dataset.title;
    if (button.localName === "button") button.disabled = none;
    else if (none) button.setAttribute("aria-disabled", "true");
    else button.removeAttribute("aria-disabled");
  }
}

function selectNothing() {
  for (const box of boxes()) box.checked = false;
  selectionChanged();
}

document.addEventListener("change", (event) => {
  if (event.target.id === "all") for (const box of boxes()) box.checked = event.target.checked;
  if (event.target.matches("#all, #rows input[name=object]")) selectionChanged();
});
selectionChanged();
