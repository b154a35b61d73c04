// Say as JSON what ical.js finds in a calendar that comes by standard input.
import { readFileSync } from "node:fs";
import ICAL from "ical.js";

const utc = (time, zone) => {
  if (!time) return null;
  const own = time.zone && time.zone.tzid !== "floating" ? time : Object.assign(time.clone(), { zone });
  return own.convertToZone(ICAL.Timezone.utcTimezone).toString();
};

const calendar = new ICAL.Component(ICAL.parse(readFileSync(0, "utf8")));
const zones = Object.fromEntries(
  calendar.getAllSubcomponents("vtimezone").map((part) => {
    const zone = new ICAL.Timezone(part);
    return [zone.tzid, zone];
  }),
);
for (const [id, zone] of Object.entries(zones)) ICAL.TimezoneService.register(zone, id);

const text = (part, name) => part.getFirstPropertyValue(name);
const events = calendar.getAllSubcomponents("vevent").map((part) => ({
  uid: text(part, "uid"),
  sequence: text(part, "sequence"),
  status: text(part, "status"),
  summary: text(part, "summary"),
  description: text(part, "description"),
  location: text(part, "location"),
  start: utc(text(part, "dtstart")),
  end: utc(text(part, "dtend")),
  attendees: part.getAllProperties("attendee").map((one) => one.getFirstValue()),
}));
const busy = calendar
  .getAllSubcomponents("vfreebusy")
  .flatMap((part) => part.getAllProperties("freebusy"))
  .flatMap((one) => one.getValues())
  .map((period) => [utc(period.start), utc(period.getEnd())]);

process.stdout.write(JSON.stringify({ method: text(calendar, "method"), events, busy }));
