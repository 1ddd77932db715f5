/** The credentials of thimble serve --dev. */
export const app = { id: 'app-id', key: 'app-key', secret: 'app-secret' };
