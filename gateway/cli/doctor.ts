/** `polyphony doctor`. */
import type { Environment } from '../config.ts';
import { diagnosisText } from './diagnosis.ts';
import { EXIT } from './exit.ts';
import { withAdmin } from './target.ts';

export interface DoctorFlags {
  readonly newEpoch?: true;
  readonly json?: true;
}

/** Prints what was found; 1 when there is a problem, 0 when there are warnings at most. */
export function doctor(environment: Environment, flags: DoctorFlags): Promise<number> {
  return withAdmin(environment, async (admin) => {
    if (flags.newEpoch) {
      process.stderr.write(`epoch ${await admin.newEpoch()} of the change feed has begun\n`);
    }
    const diagnosis = await admin.doctor();
    const text = flags.json ? JSON.stringify(diagnosis) : diagnosisText(diagnosis);
    process.stdout.write(`${text}\n`);
    const problems = diagnosis.findings.some(({ level }) => level === 'problem');
    return problems ? EXIT.failed : EXIT.done;
  });
}
