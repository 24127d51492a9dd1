package console

func (s *server) outboxRoutes() {
}
