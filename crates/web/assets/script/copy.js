// Buttons that copy the text beside them; shown only where the browser lets a page write to the clipboard.
if (navigator.clipboard) document.documentElement.classList.add("clipboard");

document.addEventListener("click", async (event) => {
  const button = event.target.closest("button.copy");
  if (!button) return;
  const text = button.dataset.text ?? button.closest(".copyable").querySelector("pre").textContent;
  const word = button.querySelector("span");
  const before = word.dataset.word ?? word.textContent;
  word.dataset.word = before;
  const done = await navigator.clipboard.writeText(text).then(
    () => "Copied",
    () => "Not copied: the browser forbids it",
  );
  word.textContent = done;
  button.classList.add("done");
  setTimeout(() => {
    word.textContent = before;
    button.classList.remove("done");
  }, 2000);
});
