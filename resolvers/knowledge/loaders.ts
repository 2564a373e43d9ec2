/** Documents by key, one statement for a level. */
import { loaderById } from '../loaders.ts';
import { DOCUMENT } from './entities.ts';

export const documentsById = loaderById(DOCUMENT);
