// Ages count on while nothing arrives.
const UNITS = [[86400, "d"], [3600, "h"], [60, "m"], [1, "s"]];

function ages() {
  for (const time of document.querySelectorAll("time[data-age]")) {
    const seconds = Math.max(0, (Date.now() - Date.parse(time.dateTime)) / 1000);
    const [size, unit] = UNITS.find(([size]) => seconds >= size) ?? [1, "s"];
    const word = Math.floor(seconds / size) + unit;
    if (time.textContent !== word) time.textContent = word;
  }
}

setInterval(ages, 5000);
