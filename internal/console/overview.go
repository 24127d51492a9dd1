package console

func (s *server) overviewRoutes() {
}
