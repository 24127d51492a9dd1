package console

func (v *visit) userPage(u userView) error {
	return v.show(u.User, userPage(u))
}
