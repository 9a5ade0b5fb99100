// Ticked rows, and the bar that acts on them.
document.documentElement.classList.add("script");
const boxes = () => [...document.querySelectorAll("input[name=object]")];

function selectionChanged() {
  const bar = document.getElementById("act");
  if (!bar) return;
  const ticked = boxes().filter((box) => box.checked);
  for (const box of boxes()) box.closest("tbody").classList.toggle("selected", box.checked);
  bar.hidden = ticked.length === 0;
  document.getElementById("selected").textContent = `${ticked.length} selected`;
  const all = document.getElementById("all");
  all.checked = ticked.length > 0 && ticked.length === boxes().length;
  all.indeterminate = ticked.length > 0 && !all.checked;
}

function selectNothing() {
  for (const box of boxes()) box.checked = false;
  selectionChanged();
}

document.addEventListener("change", (event) => {
  if (event.target.id === "all") for (const box of boxes()) box.checked = event.target.checked;
  if (event.target.matches("#all, input[name=object]")) selectionChanged();
});
selectionChanged();
