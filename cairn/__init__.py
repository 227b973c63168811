"""The application: settings, command line, composition root, HTTP edge and the development supervisor."""
