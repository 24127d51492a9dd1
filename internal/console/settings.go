package console

func (s *server) settingsRoutes() {
}
