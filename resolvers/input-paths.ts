/** Refusals of inner parts, told in the words of the caller's input. */
import { Invalid } from './errors.ts';

/**
 * What `work` answers. The paths of an Invalid it throws are rewritten: the first of `places` that leads a path is
 * replaced. `{ 'events[0].payload': 'input' }` makes `events[0].payload.metadata` `input.metadata`.
 */
export async function inputPaths<Answer>(
  places: Readonly<Record<string, string>>,
  work: () => Promise<Answer>,
): Promise<Answer> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Invalid)) throw error;
    throw new Invalid(
      error.issues.map(({ path, message }) => {
        const place = Object.keys(places).find((inner) => path.startsWith(inner));
        const outer = place === undefined ? path : places[place] + path.slice(place.length);
        return { path: outer, message };
      }),
    );
  }
}
