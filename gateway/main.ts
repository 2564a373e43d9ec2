/** The entry of `dist/main.js`, and so of `npm start` and of the bin: the command line. */
import { runCommand } from './cli/program.ts';

process.exitCode = await runCommand(process.argv.slice(2), process.env);
