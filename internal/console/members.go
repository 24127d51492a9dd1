package console

func (s *server) memberRoutes() {
}
