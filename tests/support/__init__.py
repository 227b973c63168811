"""What the tests share: a database server, a running application, clients, factories."""
