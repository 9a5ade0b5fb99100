// A button at every text that is there to be copied, where the browser lets a page write to the clipboard.
for (const text of navigator.clipboard ? document.querySelectorAll("pre[data-copy]") : []) {
  const button = Object.assign(document.createElement("button"), { type: "button", className: "copy", textContent: "Copy" });
  button.setAttribute("aria-live", "polite");
  button.addEventListener("click", async () => {
    button.textContent = await navigator.clipboard.writeText(text.textContent).then(
      () => "Copied",
      () => "Not copied: the browser forbids it",
    );
  });
  const box = Object.assign(document.createElement("div"), { className: "copyable" });
  text.replaceWith(box);
  box.append(text, button);
}
