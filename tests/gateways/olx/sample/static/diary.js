function save() {}
