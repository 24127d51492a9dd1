package console

func (s *server) accountRoutes() {
}
