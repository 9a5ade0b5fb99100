// A button that stops the page from changing under one's eyes, and lets it catch up again.
document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-pause]");
  if (!button) return;
  paused = !paused;
  button.setAttribute("aria-pressed", paused);
  [button.textContent, button.dataset.pause] = [button.dataset.pause, button.textContent];
  if (paused) {
    connect();
    say(`paused at ${new Date().toLocaleTimeString([], { hour12: false })}`, false);
  } else connect();
});
