/** The options of a DELETE: its body, completed by its query. */
import { messageOf } from '@flotilla/base';
import { type DeleteOptions, badRequest, decode, deleteOptionsModel } from '@flotilla/api';

/** @param body JSON, or empty for no options. @throws ApiError BadRequest. */
export function parseDeleteOptions(body: string): DeleteOptions {
  if (body.trim() === '') return {};
  try {
    return decode(deleteOptionsModel, JSON.parse(body)).object;
  } catch (error) {
    throw badRequest(`the body of a delete must be DeleteOptions: ${messageOf(error)}`, error);
  }
}
