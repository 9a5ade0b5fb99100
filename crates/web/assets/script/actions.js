// Forms that act on objects: sent without leaving the page; what becomes of each object is told as it is known.
const panel = document.getElementById("outcomes");

function outcome(step) {
  const list = panel.querySelector("ul");
  const id = `outcome-${step.object}`;
  const item = document.getElementById(id) ?? list.appendChild(Object.assign(document.createElement("li"), { id }));
  const icons = document.querySelector("use").getAttribute("href").split("#")[0];
  item.className = step.class;
  item.innerHTML = `<svg class="icon${step.final ? "" : " spin"}" aria-hidden="true"><use/></svg><b class="word"></b> <span></span> <span class="soft"></span>`;
  item.querySelector("use").setAttribute("href", `${icons}#${step.class}`);
  const [word, object, text] = item.querySelectorAll("b, span");
  [word.textContent, object.textContent, text.textContent] = [step.word, step.object, step.text];
  return item;
}

async function perform(form, button) {
  const data = new FormData(form, button);
  const waiting = new Set(data.getAll("object"));
  const total = waiting.size;
  const say = () => {
    const left = waiting.size ? `${total - waiting.size} of ${total} finished` : `finished: ${total}`;
    document.getElementById("outcomes-title").textContent = `${button.textContent}: ${left}`;
  };
  panel.querySelector("ul").replaceChildren();
  panel.hidden = false;
  say();
  for (const object of waiting) outcome({ object, class: "moving", word: "Sent", text: "", final: false });
  try {
    const headers = { accept: "application/x-ndjson" };
    // Not `form.action`: that is the button of this name.
    const response = await fetch(form.getAttribute("action"), { method: "POST", body: new URLSearchParams(data), headers });
    if (response.status === 401) return location.reload();
    // A server that refuses may still tell of each object.
    const tells = response.headers.get("content-type") === headers.accept;
    if (!response.ok && !tells) throw new Error((await response.text()) || response.statusText);
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      const lines = (rest + part.value).split("\n");
      rest = lines.pop();
      for (const step of lines.map(JSON.parse)) {
        outcome(step);
        if (step.final) waiting.delete(step.object);
        say();
      }
    }
  } catch (error) {
    for (const object of waiting) {
      const text = `No answer from Fanlight (${error.message}). Whether it happened is not known; look at the object.`;
      outcome({ object, class: "quiet", word: "Not known", text, final: true });
    }
    waiting.clear();
    say();
  }
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.classList.contains("act") || !event.submitter) return;
  // Of several that are ticked a page says first what will happen to them.
  if (form.id === "act" && new FormData(form).getAll("object").length > 1) return;
  event.preventDefault();
  const menu = form.querySelector("details[open]");
  if (menu) menu.open = false;
  perform(form, event.submitter);
  // What was previewed has begun: it is not what would come next.
  if (form.classList.contains("once")) event.submitter.disabled = true;
  form.querySelectorAll("input[name=comment]").forEach((field) => (field.value = ""));
});
document.getElementById("outcomes-close")?.addEventListener("click", () => (panel.hidden = true));
