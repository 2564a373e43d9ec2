/**
 * The notations of `executedAt`, all with a zone:
 *
 *   20200401T054215+0000        Pegasus 4
 *   03-23-21T06:04:36Z          Pegasus 5: month, day, year of this century
 *   2023-03-29T10:02:36-10:00   ISO 8601: Makeflow, Nextflow
 */
const TIME = String.raw`(?<hour>\d\d):?(?<minute>\d\d):?(?<second>\d\d)(?:\.(?<fraction>\d{1,9}))?`;
const ZONE = String.raw`(?:Z|(?<sign>[+-])(?<zoneHour>\d\d):?(?<zoneMinute>\d\d))`;
const NOTATIONS = [
  String.raw`(?<year>\d{4})(?<month>\d\d)(?<day>\d\d)`,
  String.raw`(?<month>\d\d)-(?<day>\d\d)-(?<year>\d\d)`,
  String.raw`(?<year>\d{4})-(?<month>\d\d)-(?<day>\d\d)`,
].map((date) => new RegExp(`^${date}T${TIME}${ZONE}$`));

/** The instant, to the millisecond, or null where it is in no known notation or no real date from 1970 to 2199. */
export function parseExecutedAt(text: string): Date | null {
  for (const notation of NOTATIONS) {
    const { groups } = notation.exec(text) ?? {};
    if (groups) return instantOf(groups);
  }
  return null;
}

function instantOf(parts: Record<string, string | undefined>): Date | null {
  const number = (name: string): number => Number(parts[name] ?? 0);
  const year = parts['year']?.length === 2 ? 2000 + number('year') : number('year');
  const [month, day] = [number('month'), number('day')];
  const [hour, minute, second] = [number('hour'), number('minute'), number('second')];
  const zone_min = number('zoneHour') * 60 + number('zoneMinute');
  const date = new Date(Date.UTC(year, month - 1, day));
  const isDate = date.getUTCMonth() === month - 1 && date.getUTCDate() === day; // Not 30 February.
  const isTime = hour < 24 && minute < 60 && second < 60 && number('zoneMinute') < 60;
  if (!isDate || !isTime || year < 1970 || year > 2199 || zone_min > 14 * 60) return null;

  const fraction_ms = Number((parts['fraction'] ?? '').slice(0, 3).padEnd(3, '0'));
  const offset_min = parts['sign'] === '-' ? -zone_min : zone_min;
  const time_ms = ((hour * 60 + minute - offset_min) * 60 + second) * 1_000 + fraction_ms;
  return new Date(date.getTime() + time_ms);
}
