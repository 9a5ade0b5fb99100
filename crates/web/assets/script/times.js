// Moments in the viewer's own zone, with UTC in the tooltip. Pages say UTC, since no server knows where somebody is.
const DAY = { year: "numeric", month: "2-digit", day: "2-digit" };
const CLOCK = { hour: "2-digit", minute: "2-digit", second: "2-digit" };
// Swedes write dates as ISO does.
const moment = new Intl.DateTimeFormat("sv-SE", { ...DAY, ...CLOCK });
const zone = moment.resolvedOptions().timeZone;

function times() {
  const today = moment.format(Date.now()).slice(0, 10);
  for (const time of document.querySelectorAll("time[datetime]:not([data-told])")) {
    const date = new Date(time.dateTime);
    if (Number.isNaN(date.getTime())) continue;
    const local = moment.format(date);
    const utc = `${date.toISOString().slice(0, 19).replace("T", " ")} UTC`;
    time.dataset.told = "";
    time.title = `${local} ${zone}, ${utc}`;
    if (time.dataset.age !== undefined) continue;
    const hasSeconds = /:\d\d:\d\d/.test(time.textContent);
    const [day, clock] = local.split(" ");
    time.textContent = `${day === today ? "" : `${day} `}${hasSeconds ? clock : clock.slice(0, 5)}`;
  }
}

times();
