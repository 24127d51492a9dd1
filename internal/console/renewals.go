package console

func (s *server) renewalRoutes() {
}
