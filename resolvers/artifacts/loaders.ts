/** Artifacts and checks by key, each one statement for a level. */
import { loaderById } from '../loaders.ts';
import { ARTIFACT, CHECK } from './entities.ts';

export const artifactsById = loaderById(ARTIFACT);
export const checksById = loaderById(CHECK);
